import type { Pool } from 'pg'
import type { Broker } from '../kafka/broker.ts'
import { findBase, type StoredBase } from '../knowledge/settings.ts'
import type { LaneControl } from '../schemas/lane-control.ts'
import { deadLetters } from '../schemas/topics.ts'
import type { Code } from './codes.ts'
import { documentRanges } from './document-ranges.ts'
import { checkDocuments } from './documents.ts'
import { createFindings, type Findings } from './findings.ts'
import { checkPositions, checkTables } from './installation.ts'
import { checkJobs } from './jobs.ts'
import { checkControl, checkLanes } from './lanes.ts'
import { type LaneView, laneView } from './live-jobs.ts'
import { checkLoadedTables, dropLeftOverLoads } from './loaded-tables.ts'
import { checkOffsets } from './offsets.ts'
import { buildMissing, deleteForgotten, repairDocuments } from './repairs.ts'
import { checkRuns } from './runs.ts'
import { checkTable } from './tables.ts'
import type { RepairReport, Verifier, VerifyOptions, VerifyReport } from './verifier.ts'

export interface VerifierOptions {
  readonly pool: Pool
  /** True for the embedded database, where a transaction of one client is a pause for all others. */
  readonly embedded: boolean
  readonly broker: Pick<Broker, 'range' | 'committed' | 'clusterId'>
  /** Reads `control` to its end: lane to what it says of it. */
  control(): Promise<ReadonlyMap<number, LaneControl>>
  /** Rows from which a table has a vector index. */
  readonly indexFrom: number
  /** Rows that one snapshot looks at; 20,000 unless stated, a tenth of that on the embedded database. */
  readonly rangeSize?: number
  /** How long Kafka has to answer, in ms; then what needs it is left out and said to be. */
  readonly kafkaWithinMs?: number
}

/** Compares by SQL and by the broker port. It does not own the pool, nor the broker. */
export const createVerifier = (options: VerifierOptions): Verifier => {
  const { pool, embedded, broker, control, kafkaWithinMs = 15_000 } = options
  const rangeSize = options.rangeSize ?? (embedded ? 2_000 : 20_000)

  /** Kafka out of reach is no difference, and what PostgreSQL tells is told without it. */
  const asking = async (findings: Findings, what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await within(kafkaWithinMs, work())
    } catch (error) {
      if (!isKafkas(error)) throw error
      findings.skip(`${what} were not compared with Kafka: ${error.message}`)
    }
  }

  const deadLetterEnds = async (lanes: readonly number[], findings: Findings) => {
    const ends = new Map<number, number>()
    await asking(findings, 'Dead letters', async () => {
      for (const lane of lanes) ends.set(lane, (await broker.range(deadLetters.name, lane)).end)
    })
    return ends.size === lanes.length ? ends : null
  }

  const lanesOf = async (kbId: string | null, findings: Findings): Promise<LaneView> => {
    const before = await laneView(pool, kbId)
    checkLanes(before, findings)
    await asking(findings, 'The lanes', async () => {
      const told = await control()
      checkControl(before, told, await laneView(pool, kbId), findings)
    })
    return before
  }

  const ofBase = async (kb: StoredBase, { limit, signal }: VerifyOptions): Promise<VerifyReport> => {
    const findings = createFindings(kb.id, limit)
    const whole = await checkTable(options, kb, findings)
    await checkLoadedTables(pool, kb, findings)
    const view = await lanesOf(kb.id, findings)
    await asking(findings, 'Offsets', () => checkOffsets(broker, view, findings))
    const ends = (lanes: readonly number[]) => deadLetterEnds(lanes, findings)
    const accounted = await checkJobs({ pool, ends, signal }, kb.id, findings)
    await checkRuns(pool, kb.id, accounted, findings)
    if (!whole) findings.skip(`The documents of ${kb.id} were not compared: their table is not as it should be.`)
    else for await (const range of documentRanges(pool, kb, rangeSize, signal)) checkDocuments(range, findings)
    return findings.report()
  }

  const verifyInstallation: Verifier['verifyInstallation'] = async ({ limit }) => {
    const findings = createFindings(null, limit)
    await checkTables(pool, findings)
    await lanesOf(null, findings)
    await asking(findings, 'Positions', () => checkPositions(pool, broker, findings))
    return findings.report()
  }

  const forgotten = async (
    kbId: string | null,
    codes: readonly Code[],
  ): Promise<RepairReport['repaired'][number][]> => {
    const code = 'applied_left_over'
    return codes.includes(code) ? [{ code, count: await deleteForgotten(pool, kbId) }] : []
  }

  return {
    async verify(kbId, asked) {
      const kb = await findBase(pool, kbId)
      return kb && (await ofBase(kb, asked))
    },
    async repair(kbId, codes, asked) {
      const kb = await findBase(pool, kbId)
      if (kb === null) return null
      const repaired = await forgotten(kbId, codes)
      if (codes.includes('load_left_over'))
        repaired.push({ code: 'load_left_over', count: await dropLeftOverLoads(pool, kb) })
      const repairing = { pool, embedded, rangeSize, signal: asked.signal }
      if (await checkTable(options, kb, createFindings(kbId, 0))) {
        if (codes.includes('index_missing'))
          repaired.push({ code: 'index_missing', count: await buildMissing(repairing, kb) })
        for (const [code, count] of await repairDocuments(repairing, kb, codes)) repaired.push({ code, count })
      }
      return { repaired: repaired.filter(({ count }) => count > 0), report: await ofBase(kb, asked) }
    },
    verifyInstallation,
    async repairInstallation(codes, asked) {
      const repaired = await forgotten(null, codes)
      return { repaired: repaired.filter(({ count }) => count > 0), report: await verifyInstallation(asked) }
    },
  }
}

/** Kafka, or the registry that tells how to read it, did not answer. */
class KafkaSilent extends Error {
  override readonly name = 'KafkaSilent'
  readonly code = 'unreachable'
}

const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new KafkaSilent(`no answer within ${ms / 1000} s.`)), ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const isKafkas = (error: unknown): error is Error =>
  error instanceof Error && ['KafkaSilent', 'BrokerError', 'RegistryError'].includes(error.name)
