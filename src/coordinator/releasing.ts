import { messageOf } from '../runtime/errors.ts'
import { intake, transactionalId } from '../schemas/names.ts'
import { progressTopic } from '../schemas/topics.ts'
import { FollowedRow, JobRow, LaneRow } from './entities.ts'
import { phases } from './phases.ts'
import { plan } from './publications.ts'
import { forgetReplays } from './replaying.ts'
import type { Tenure } from './tenure.ts'
import { intakePartitions } from './upstream.ts'

/** Plans to free the lanes of failed jobs that were closed: by a new job of their kb, or because lanes ran out. */
export const giveUp = (tenure: Tenure): Promise<void> =>
  tenure.transaction(async tx => {
    const closed = await tx.find(JobRow, { status: 'failed', closedAt: { $ne: null } }, { fields: ['id'] })
    const ids = closed.map(({ id }) => id)
    const lanes = await tx.find(LaneRow, { jobId: { $in: ids }, leaving: false }, { orderBy: { lane: 'asc' } })
    if (lanes.length === 0) return
    for (const lane of lanes) lane.leaving = true
    await tx.flush()
    await plan(tx, lanes)
  })

/**
 * Frees the lanes that `control` has told to be free. Stages of a job that ended well have passed their end marks and
 * write no more; those of a failed job may still have a slice in hand, so each of its transactional ids is fenced
 * here: whoever takes over after that reads `control` and finds no job. Only then is the end of the lane final, and
 * with it the start of the next job there. Returns the lanes, for `trimLanes`.
 */
export const releaseLanes = async (tenure: Tenure): Promise<readonly number[]> => {
  const { broker, transaction, forgetApplied } = tenure
  const leaving = await transaction(async tx => {
    const rows = await tx.find(LaneRow, { leaving: true }, { orderBy: { lane: 'asc' } })
    const jobs = await tx.find(JobRow, { id: { $in: rows.flatMap(({ jobId }) => jobId ?? []) } })
    return rows.map(({ lane, jobId }) => ({
      lane,
      jobId,
      failed: jobs.find(({ id }) => id === jobId)?.status === 'failed',
      stream: jobs.find(({ id }) => id === jobId)?.kind === 'stream',
    }))
  })
  if (leaving.length === 0) return []
  for (const { lane, failed } of leaving) {
    if (!failed) continue
    for (const { stage } of phases) await (await broker.fence(transactionalId(stage, lane))).close()
  }
  if (leaving.some(({ stream }) => stream)) await fenceIntake(tenure)
  const lanes = leaving.map(({ lane }) => lane)
  await transaction(async tx => {
    await tx.nativeUpdate(LaneRow, { lane: { $in: lanes } }, { jobId: null, leaving: false })
    await forgetReplays(tx)
    // From here on a forgotten worker is refused by the store as well: what it claimed is gone.
    await forgetApplied(
      tx,
      leaving.flatMap(({ jobId }) => jobId ?? []),
    )
  })
  return lanes
}

/**
 * INTAKE acknowledges nothing. It may have a transaction under way that puts events into a lane which is a stream's no
 * more: it is aborted here, and whoever takes the partition over reads `control` and finds no stream.
 */
const fenceIntake = async (tenure: Tenure): Promise<void> => {
  const partitions = await intakePartitions(tenure)
  for (let partition = 0; partition < partitions; partition++)
    await (await tenure.broker.fence(transactionalId(intake, partition))).close()
}

/** Deletes what nobody will read again: below what the stages committed, and below what was saved of `progress`. */
export const trimLanes = async (
  tenure: Pick<Tenure, 'broker' | 'transaction' | 'log'>,
  lanes: readonly number[],
): Promise<void> => {
  const { broker, transaction, log } = tenure
  try {
    const saved = await transaction(tx =>
      tx.find(FollowedRow, { topic: progressTopic.name, lane: { $in: [...lanes] } }),
    )
    for (const { lane, next } of saved) await broker.deleteRecords(progressTopic.name, lane, next)
    for (const lane of lanes)
      for (const { stage, input } of phases) {
        const committed = await broker.committed(stage, input.name, lane)
        if (committed !== null) await broker.deleteRecords(input.name, lane, committed)
      }
  } catch (error) {
    log.warn({ lanes, operation: 'trim', err: error }, `records that are done with stay for now: ${messageOf(error)}`)
  }
}
