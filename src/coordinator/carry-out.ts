import type { EntityManager } from '@mikro-orm/postgresql'
import { finishRequests } from './control.ts'
import { type JobRow, LaneRow } from './entities.ts'
import type { Effect } from './job.ts'
import { plan } from './publications.ts'

/** Plans what the transitions of a locked job ask for, in the transaction that saves them. */
export const carryOut = async (tx: EntityManager, job: JobRow, effects: readonly Effect[]): Promise<void> => {
  await tx.flush()
  if (effects.length === 0) return
  const lanes = await tx.find(LaneRow, { jobId: job.id }, { orderBy: { lane: 'asc' } })
  if (effects.includes('release')) for (const lane of lanes) lane.leaving = true
  const requests = effects.includes('finish') ? finishRequests(job) : []
  await plan(tx, lanes, requests)
}
