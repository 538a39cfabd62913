import type { EntityManager } from '@mikro-orm/postgresql'
import { JobRow } from './entities.ts'
import { queueOrder } from './job-rows.ts'
import { freeLanes } from './lanes.ts'

export interface Limits {
  /** Lanes that jobs may be given. */
  readonly lanes: number
  /** How many jobs may be running at once. */
  readonly concurrency: number
}

/**
 * Why jobs that do not move do not: a sentence for each of those of which it is truly known. Costs nothing while all
 * jobs have ended.
 */
export const waitingFor = async (
  em: EntityManager,
  rows: readonly JobRow[],
  limits: Limits,
): Promise<ReadonlyMap<string, string>> => {
  const unfinished = rows.filter(({ status }) => status === 'pending' || status === 'running')
  const reasons = new Map<string, string>()
  if (unfinished.length === 0) return reasons
  const [lease] = await em.execute<{ held: boolean }[]>(
    `select until > clock_timestamp() as held from lease where name = 'coordinator'`,
  )
  if (lease?.held !== true) {
    for (const { id } of unfinished) reasons.set(id, 'a coordinator: none is running')
    return reasons
  }
  const pending = unfinished.filter(({ status }) => status === 'pending')
  if (pending.length === 0) return reasons

  const running = await em.count(JobRow, { status: 'running' })
  const free = await freeLanes(em, limits.lanes)
  const ahead = await em.find(JobRow, { status: 'pending' }, { fields: ['id'], orderBy: queueOrder })
  for (const { id } of pending) {
    const before = ahead.findIndex(job => job.id === id)
    const behind = Math.max(0, before) + running
    if (running >= limits.concurrency)
      reasons.set(id, `queued behind ${behind} ${behind === 1 ? 'job' : 'jobs'} (${limits.concurrency} run at once)`)
    else if (free.length === 0) reasons.set(id, `a free lane: all ${limits.lanes} are taken`)
    else if (before > 0) reasons.set(id, `queued behind ${before} ${before === 1 ? 'job' : 'jobs'}`)
  }
  return reasons
}
