import assert from 'node:assert/strict'
import { basename, dirname, join } from 'node:path'
import { ClientError } from '../../src/api/client.ts'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import type { StageName } from '../../src/pipeline.ts'
import type { Role } from '../../src/roles.ts'
import { startEmbeddingServer } from '../kit/embedding-server.ts'
import { openInstallation, type Worker } from '../kit/installation.ts'
import type { startTestKafka } from '../kit/kafka.ts'
import type { testDatabase } from '../kit/postgres.ts'
import { referenceOf } from '../kit/reference.ts'
import { until } from '../kit/until.ts'

/** Each folder is a source of its own, so LOADING takes at least as many bites. */
export const folders = 6
export const documents = 240
const dimensions = 16
/** Of each job. */
export const lanes = 4
export const chunking = { strategy: 'markdown', chunk_size: 128, chunk_overlap: 0 } as const
/** A model of its own for each knowledge base: a worker that has had a text embedded does not ask for it again. */
export const embeddingOf = (kb: string) => ({ provider: 'openai', model: kb, dimensions }) as const
/** Stands in one chunk alone. */
export const keystone = 'keystone'

const paragraph = (seed: number) =>
  Array.from({ length: 60 }, (_, i) => `word${(seed * 7919 + i * 104_729) % 5000}`).join(' ')
const text = (i: number) =>
  [`# Document ${i}`, ...Array.from({ length: 12 }, (_, p) => `## Part ${p}\n\n${paragraph(i * 12 + p)}`)].join('\n\n')

/** What a status counts. */
export const counts = ({ metrics, phase_details }: JobStatus) => ({
  metrics: [metrics.documents, metrics.chunks],
  phases: phase_details.map(({ name, status, items_processed }) => [name, status, items_processed]),
})

/** How a job may differ from an undisturbed one. */
export interface Expected {
  /** Records that nobody can read; none unless stated. */
  readonly rejected?: number
  /** Files that no parser can take, as paths below the corpus: among what is rejected. */
  readonly unread?: readonly string[]
  /** False where documents were there before, unchanged: then it counts fewer. */
  readonly counted?: boolean
}

export interface ScenarioOptions {
  /** Environment variables beside those of any installation. */
  readonly settings?: Readonly<Record<string, string>>
  readonly makeKafka?: () => ReturnType<typeof startTestKafka>
  readonly makeDatabase?: () => ReturnType<typeof testDatabase>
  /** How long a job may take to its end. */
  readonly withinMs?: number
}

/** An installation of every role, its provider and its files, and the ways to catch a worker in the middle of its work. */
export const openScenario = async ({
  settings = {},
  makeKafka,
  makeDatabase,
  withinMs = 90_000,
}: ScenarioOptions = {}) => {
  const provider = await startEmbeddingServer({ dimensions })
  const penstock = await openInstallation(
    ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'embedding', 'indexing', 'indexing', 'finishing'],
    { OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_EMBEDDING_BATCH: '16', ...settings },
    makeDatabase,
    makeKafka,
  )
  const { witness, ledger } = penstock
  for (let i = 0; i < documents; i++)
    penstock.write(`${i % folders}/d${i}.md`, `${text(i)}\n${i === documents - 1 ? `\n## The ${keystone}\n` : ''}`)
  const sources = Array.from({ length: folders }, (_, i) => ({
    type: 'markdown' as const,
    path: `${penstock.corpus}/${i}`,
  }))
  const without = (folder: string, unread: readonly string[]) => {
    const exclude = unread.filter(path => dirname(join(penstock.corpus, path)) === folder).map(path => basename(path))
    return exclude.length > 0 ? { exclude } : {}
  }
  const named = (name: string) => penstock.workers.find(worker => worker.name === name)
  let undisturbed: JobStatus | null = null

  /** What `penstock verify` finds in a knowledge base, and beside all of them, once everything can be compared. */
  const verified = (kb: string) =>
    until(
      'everything can be verified',
      async () => {
        const reports = await Promise.all([
          penstock.client.verify({ params: { kb_id: kb }, query: {} }),
          penstock.client.verifyInstallation({ query: {} }),
        ]).catch(unlessAway)
        if (reports === null || reports.some(({ not_compared }) => not_compared.length > 0)) return null
        return reports.flatMap(({ differences }) => differences)
      },
      60_000,
    )
  /** An API that starts again, or waits for what it depends on, is asked again. */
  const unlessAway = (error: unknown): null => {
    if (error instanceof ClientError && [0, 503].includes(error.status)) return null
    throw error
  }

  /**
   * No slice of a job was done twice, left out, or by a zombie, none of its records is beside what readers see, and
   * nothing differs from what is to be.
   */
  const isSound = async (job: string, kb: string) => {
    await ledger.caughtUp()
    assert.deepEqual(ledger.faults(job), [])
    assert.deepEqual(await witness.faults(job), [])
    assert.deepEqual(await verified(kb), [])
    assert.deepEqual(await witness.rewritten(), [], 'chunks that were written twice')
  }

  const askedBy = (worker: Worker, since: number) =>
    provider.requests.slice(since).filter(one => one.authorization === `Bearer ${worker.name}`)

  return {
    penstock,
    provider,
    async start(kb: string): Promise<string> {
      const body = { kb_id: kb, sources, chunking, embedding: embeddingOf(kb), parallelism: lanes }
      return (await penstock.client.ingest({ body })).job_id
    },
    /** The job ended well, holds what the reference holds, and no slice of it was done twice, left out, or by a zombie. */
    async isWhole(
      job: string,
      kb: string,
      { rejected = 0, unread = [], counted = true }: Expected = {},
    ): Promise<JobStatus> {
      const ended = await penstock.ended(job, withinMs)
      assert.partialDeepStrictEqual(ended, { status: 'completed', error: null })
      const settings = { kb_id: kb, chunking, embedding: embeddingOf(kb) }
      const specs = sources.map(source => JSON.stringify({ ...source, ...without(source.path, unread) }))
      const reference = await referenceOf({ ...settings, sources: specs }, penstock.corpus)
      assert.deepEqual(await penstock.vectors(kb), await penstock.vectorsOf(reference))
      assert.equal(ended.metrics.rejected, rejected)
      undisturbed ??= ended
      if (counted) {
        assert.partialDeepStrictEqual(ended.metrics, { documents, chunks: reference.length })
        if (unread.length === 0) assert.deepEqual(counts(ended), counts(undisturbed))
      }
      await isSound(job, kb)
      return ended
    },
    isSound,
    /** How long a job may take to its end. */
    withinMs,
    seen: (job: string, stage: StageName) =>
      until(`a slice of ${stage}`, () => ledger.of(job, stage).length > 0, 30_000),
    /** A worker that has just come to the middle of a transaction of the store. */
    inside: (role: Role) =>
      until(
        `${role} in the middle of a transaction`,
        async () => (await witness.inside()).map(named).find(worker => worker?.role === role),
        30_000,
      ),
    /** The requests of a worker after that number. */
    askedBy,
    /**
     * A worker that waits for answers of the provider, which take `latencyMs`: its last request came a while ago, so that
     * none of those it has begun is still on its way.
     */
    asking() {
      const since = provider.requests.length
      const waits = (worker: Worker) => {
        const last = askedBy(worker, since).at(-1)
        const ms = last === undefined ? 0 : performance.now() - last.at
        return ms > provider.latencyMs / 3 && ms < provider.latencyMs * 0.9
      }
      return until('a worker that waits for the provider', () => penstock.workers.find(waits), 30_000)
    },
    /** Everything goes at its own pace again. */
    async unhinder() {
      provider.latencyMs = 0
      provider.answer = () => ({ kind: 'vectors' })
      for (const place of ['loading', 'indexing', 'finishing'] as const) await witness.slow(place, 0)
    },
    async close() {
      await penstock.close()
      await provider.close()
    },
  }
}
