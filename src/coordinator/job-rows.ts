import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { JobRow } from './entities.ts'
import { apply, type Effect, type JobEvent } from './job.ts'
import { shownStatus } from './job-state.ts'

/** Loads jobs and keeps everyone else from changing them until the transaction ends. */
export const lockJobs = (tx: EntityManager, ids: readonly string[]): Promise<JobRow[]> =>
  tx.find(JobRow, { id: { $in: [...ids] } }, { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } })

/** Applies events in order to a locked row, which takes the last state and its times; gives back what they ask for. */
export const transit = (row: JobRow, events: readonly JobEvent[], now: Date): readonly Effect[] => {
  const all: Effect[] = []
  for (const event of events) {
    const { job, effects } = apply(row.state, event)
    row.state = job
    all.push(...effects)
  }
  const status = shownStatus(row.state.status)
  if (status !== row.status) {
    row.status = status
    if (row.status === 'running') row.startedAt ??= now
    row.completedAt = ended.includes(row.status) ? now : null
  }
  return all
}

const ended: readonly string[] = ['completed', 'failed', 'cancelled']

/** The order in which pending jobs are started: priority, then age. */
export const queueOrder = { priority: 'desc', number: 'asc' } as const
