import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { type Job, shownStatus } from '../coordinator/job-state.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import { deadLetters } from '../schemas/topics.ts'
import type { Findings } from './findings.ts'
import { ledgerFindings, rejectsOf } from './ledger.ts'

export interface JobOptions {
  readonly pool: Pool
  /** Where the logs of `dead.letters` end, by lane; null where Kafka does not say, which is then noted. */
  ends(lanes: readonly number[]): Promise<ReadonlyMap<number, number> | null>
  readonly signal: AbortSignal
}

interface StoredJob {
  readonly id: string
  readonly number: string
  readonly status: string
  readonly state: Job
}

/** Job to stage to how many of its dead letters are stored. */
type Letters = ReadonlyMap<string, ReadonlyMap<string, number>>

/** Jobs that are read at once. */
const page = 200
/** How long the coordinator may take to store dead letters that are in Kafka, in ms. */
const patienceMs = 2_000

/**
 * Compares every job of a knowledge base with itself and with its dead letters. Returns the jobs whose dead letters are
 * all stored.
 */
export const checkJobs = async (options: JobOptions, kbId: string, findings: Findings): Promise<readonly string[]> => {
  const { pool, signal } = options
  const accounted: string[] = []
  for (let after = '0'; ; ) {
    signal.throwIfAborted()
    const { jobs, letters } = await inTransaction(pool, snapshot, async client => {
      const { rows } = await client.query<StoredJob>(
        'select id, number, status, state from job where kb_id = $1 and number > $2 order by number limit $3',
        [kbId, after, page],
      )
      return { jobs: rows, letters: await lettersOf(client, rows) }
    })
    for (const job of jobs) checkJob(job, findings)
    const ended = jobs.filter(({ state }) => state.status === 'completed' || state.status === 'cancelled')
    const differing = ended.filter(job => differences(job, letters).length > 0)
    accounted.push(...ended.filter(job => !differing.includes(job)).map(({ id }) => id))
    accounted.push(...(await settled(options, differing, findings)))
    if (jobs.length < page) return accounted
    after = jobs.at(-1)!.number
  }
}

const checkJob = ({ id, status, state }: StoredJob, findings: Findings): void => {
  findings.checked.jobs++
  const shown = shownStatus(state.status)
  if (status !== shown)
    findings.add('job_status', {
      where: { job_id: id },
      expected: shown,
      found: status,
      message: `Job ${id} is ${shown} by its state, and listed as ${status}.`,
    })
  for (const { code, where, ...finding } of ledgerFindings(state))
    findings.add(code, { ...finding, where: { ...where, job_id: id } })
}

const lettersOf = async (client: PoolClient, jobs: readonly StoredJob[]): Promise<Letters> => {
  const { rows } = await client.query<{ job_id: string; stage: string; count: string }>(
    'select job_id, stage, count(*) from dead_letter where job_id = any($1) group by job_id, stage',
    [jobs.map(({ id }) => id)],
  )
  const byJob = Map.groupBy(rows, ({ job_id }) => job_id)
  return new Map([...byJob].map(([id, of]) => [id, new Map(of.map(({ stage, count }) => [stage, Number(count)]))]))
}

const differences = ({ id, state }: StoredJob, letters: Letters) =>
  [...rejectsOf(state)]
    .map(([stage, expected]) => ({ stage, expected, found: letters.get(id)?.get(stage) ?? 0 }))
    .filter(({ expected, found }) => expected !== found)

/**
 * Dead letters come by a topic of their own, and may be stored a little later than the counts of their job. So jobs that
 * differ are looked at again once the coordinator has read as far as that topic goes now; if it does not come there, the
 * comparison is left out and said to be. Returns the jobs that agree after all.
 */
const settled = async (
  { pool, ends: endsOf, signal }: JobOptions,
  jobs: readonly StoredJob[],
  findings: Findings,
): Promise<readonly string[]> => {
  if (jobs.length === 0) return []
  const lanes = [...new Set(jobs.flatMap(({ state }) => state.lanes))]
  const ends = await endsOf(lanes)
  if (ends === null) return []
  const deadline = performance.now() + patienceMs
  for (;;) {
    const { letters, behind } = await inTransaction(pool, snapshot, async client => {
      const { rows } = await client.query<{ lane: number; next: string }>(
        'select lane, next from followed where topic = $1',
        [deadLetters.name],
      )
      const next = new Map(rows.map(row => [row.lane, Number(row.next)]))
      return {
        letters: await lettersOf(client, jobs),
        behind: lanes.filter(lane => (next.get(lane) ?? 0) < ends.get(lane)!),
      }
    })
    const differing = jobs.filter(job => differences(job, letters).length > 0)
    const open = differing.filter(({ state }) => state.lanes.some(lane => behind.includes(lane)))
    if (open.length > 0 && performance.now() < deadline) {
      await delay(50, undefined, { signal })
      continue
    }
    if (open.length > 0)
      findings.skip(
        `The coordinator has not read dead.letters to its end: those of ${open.length} jobs were not compared.`,
      )
    for (const job of differing.filter(one => !open.includes(one)))
      for (const { stage, expected, found } of differences(job, letters))
        findings.add('dead_letters_differ', {
          where: { job_id: job.id, stage },
          expected,
          found,
          message: `Job ${job.id} counted ${expected} rejects in ${stage}, and ${found} dead letters are stored.`,
        })
    return jobs.filter(job => !differing.includes(job)).map(({ id }) => id)
  }
}
