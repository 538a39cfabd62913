import { messageOf } from '../runtime/errors.ts'
import { carryOut } from './carry-out.ts'
import { laneJob } from './control.ts'
import { JobRow } from './entities.ts'
import { isQuiet } from './job-holds.ts'
import { lockJobs, transit } from './job-rows.ts'
import type { Tenure } from './tenure.ts'

/** A cancelled job of which nothing is in flight any more: what it has half written can go. */
export const awaitsDiscard = ({ state }: Pick<JobRow, 'state'>): boolean =>
  state.status === 'cancelling' && isQuiet(state)

export const jobsToDiscard = ({ transaction }: Tenure): Promise<readonly JobRow[]> =>
  transaction(async tx => (await tx.find(JobRow, { status: 'running' })).filter(awaitsDiscard))

/**
 * Removes what a cancelled job has half written, and ends it. Every lane of it has acknowledged, under a fence of Kafka
 * and of the store, so nobody adds to it meanwhile. Safe to repeat; where it fails it says so, and is tried again.
 */
export const discardJob = async (tenure: Tenure, job: JobRow, signal: AbortSignal): Promise<void> => {
  const { transaction, discard, forgetApplied, log } = tenure
  const about = { job_id: job.id, kb_id: job.kbId, operation: 'discard' }
  try {
    await transaction(tx => forgetApplied(tx, [job.id]))
    await discard(laneJob(job), signal)
    await transaction(async (tx, now) => {
      const [row] = await lockJobs(tx, [job.id])
      if (!row || !awaitsDiscard(row)) return
      await carryOut(tx, row, transit(row, [{ type: 'discarded', at: now.getTime() }], now))
    })
    log.info(about, 'job is cancelled')
  } catch (error) {
    if (signal.aborted) return
    log.warn({ ...about, err: error }, `what a cancelled job wrote cannot be removed yet: ${messageOf(error)}`)
  }
}
