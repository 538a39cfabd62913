import type { EntityManager } from '@mikro-orm/postgresql'
import { JobRow } from './entities.ts'
import { ParkedEventRow } from './intake-entities.ts'
import type { StreamBody } from './job-bodies.ts'
import type { Job } from './job-state.ts'
import { unfinished } from './pressure.ts'

/** Nothing of it is between LOADING and the store, as far as was reported. */
const isIdle = (state: Job): boolean => {
  const { documents, chunks } = unfinished(state)
  return documents === 0 && chunks === 0
}

/** Jobs that take a place of `concurrency`: an idle stream has none. */
export const busyJobs = async (em: EntityManager): Promise<number> => {
  const streams = await em.find(JobRow, { status: 'running', kind: 'stream' })
  const others = await em.count(JobRow, { status: 'running', kind: { $ne: 'stream' } })
  return others + streams.filter(({ state }) => !isIdle(state)).length
}

/** The job that is meant by its knowledge base: its newest run, or its newest stream where it has had no run. */
export const newestOf = async (em: EntityManager, kbId: string): Promise<JobRow | null> => {
  for (const kind of ['run', 'stream'] as const) {
    const [job] = await em.find(JobRow, { kbId, kind }, { orderBy: { number: 'desc' }, limit: 1 })
    if (job) return job
  }
  return null
}

/** How many events are parked for the streams among these jobs, by knowledge base. */
export const parkedEvents = async (
  em: EntityManager,
  jobs: readonly Pick<JobRow, 'kbId' | 'kind'>[],
): Promise<ReadonlyMap<string, number>> => {
  const kbs = new Set(jobs.filter(({ kind }) => kind === 'stream').map(({ kbId }) => kbId))
  const counts = new Map<string, number>()
  for (const kbId of kbs) counts.set(kbId, await em.count(ParkedEventRow, { kbId }))
  return counts
}

/** How far a stream is behind. */
export const streamBody = (state: Job, parked: number): StreamBody => {
  const { documents, chunks } = unfinished(state)
  return { unfinished_documents: documents, unfinished_chunks: chunks, parked_events: parked }
}

/** The share of what came that can be searched; 100 when nothing is unfinished. Unlike that of other jobs it may fall. */
export const streamPercent = (state: Job): number => {
  if (isIdle(state)) return 100
  const { CHUNKING, INDEXING } = state.phases
  return CHUNKING.outputs === 0 ? 0 : Math.min(99, Math.floor((100 * INDEXING.items) / CHUNKING.outputs))
}
