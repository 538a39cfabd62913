import { messageOf } from '../runtime/errors.ts'
import { transactionalId } from '../schemas/names.ts'
import type { Acknowledgement } from '../schemas/progress.ts'
import { progressTopic } from '../schemas/topics.ts'
import { JobRow, StageOwnersRow } from './entities.ts'
import { missingOf } from './job-holds.ts'
import { isComplete } from './job-state.ts'
import { type PhaseSpec, phases, phasesOf } from './phases.ts'
import type { Tenure } from './tenure.ts'

/**
 * Looks who works on the lanes of unfinished jobs, remembers it for the status page, and acknowledges holds in the place
 * of workers that are not there: it fences the lane of the stage first, in Kafka and in the store, so that whoever had
 * it can commit nothing more; whoever comes later reads `control` and finds the hold. The hold has been told before:
 * this runs in turn with what publishes. `asked` has what was missing at the look before, which is left a second.
 */
export const watchLanes = async (tenure: Tenure, asked: Set<string>): Promise<void> => {
  const jobs = await tenure.transaction(tx => tx.find(JobRow, { status: 'running' }))
  const open = new Set(
    jobs.flatMap(({ state }) => phasesOf(state).filter(({ name }) => !isComplete(state.phases[name]))),
  )
  const needed = phases.filter(phase => open.has(phase))
  if (needed.length === 0) return asked.clear()
  const known = await lookAround(tenure, needed)
  const missing = jobs.flatMap(job => missingOf(job.state).map(one => ({ ...one, job })))
  const now = new Set(missing.map(({ job, stage, lane }) => `${job.id}/${job.state.revision}/${stage}/${lane}`))
  for (const { job, stage, lane } of missing) {
    const owners = known.get(stage)
    if (!owners || owners.has(lane) || !asked.has(`${job.id}/${job.state.revision}/${stage}/${lane}`)) continue
    await acknowledgeVacant(tenure, job, stage, lane)
  }
  asked.clear()
  for (const key of now) asked.add(key)
}

/** Stage to lane to worker; a stage whose group rebalances is left out. */
const lookAround = async ({ broker, transaction }: Tenure, stages: readonly PhaseSpec[]) => {
  const found = new Map<string, ReadonlyMap<number, string>>()
  for (const { stage, input } of stages) {
    const owners = await broker.owners(stage, input.name)
    if (owners) found.set(stage, owners)
  }
  await transaction(async (tx, now) => {
    const rows = [...found].map(([stage, owners]) => ({ stage, owners: Object.fromEntries(owners), seenAt: now }))
    if (rows.length > 0) await tx.upsertMany(StageOwnersRow, rows)
  })
  return found
}

const acknowledgeVacant = async (tenure: Tenure, job: JobRow, stage: string, lane: number): Promise<void> => {
  const { broker, codec, claim, log } = tenure
  const about = { job_id: job.id, kb_id: job.kbId, stage, lane, operation: 'acknowledge' }
  const transactor = await broker.fence(transactionalId(stage, lane))
  try {
    await claim(job.id, stage, lane)
    const value: Acknowledgement = {
      type: 'acknowledgement',
      job_id: job.id,
      attempt: job.state.attempt,
      stage,
      lane,
      revision: job.state.revision,
      worker: null,
    }
    const transaction = await transactor.begin()
    await transaction.send(progressTopic.name, lane, [{ key: job.id, value: codec.encode(progressTopic, value) }])
    await transaction.commit()
    log.info(about, `no worker has lane ${lane} of ${stage}: fenced and acknowledged in its place`)
  } catch (error) {
    // A worker that came meanwhile has fenced this one and acknowledges by itself; else the next look tries again.
    log.warn({ ...about, err: error }, `lane ${lane} of ${stage} is not acknowledged yet: ${messageOf(error)}`)
  } finally {
    await transactor.close()
  }
}
