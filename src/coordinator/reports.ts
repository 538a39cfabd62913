import type { LaneBatch } from '../kafka/broker.ts'
import { intakeLetters } from '../schemas/names.ts'
import { storable } from '../schemas/storable.ts'
import { deadLetters, progressTopic } from '../schemas/topics.ts'
import { carryOut } from './carry-out.ts'
import { awaitsDiscard } from './discarding.ts'
import { DeadLetterRow, JobRow } from './entities.ts'
import { type Decoded, decoded, savePosition } from './followed.ts'
import type { JobEvent } from './job.ts'
import { lockJobs, transit } from './job-rows.ts'
import { storedInput } from './stored-input.ts'
import type { Tenure } from './tenure.ts'

type Report = Decoded<typeof progressTopic>

/** What a batch of `progress` says. */
export const readReports = async (tenure: Tenure, { records }: LaneBatch): Promise<readonly Report[]> => {
  await tenure.codec.prepare(records.map(({ value }) => value))
  return decoded(tenure, progressTopic, records)
}

/**
 * Whether dead letters were committed with it. They are to be stored before it is applied: whoever has seen a job end finds
 * all of them.
 */
export const countsRejects = ({ value }: Report): boolean => value.type === 'progress' && value.rejects > 0

/**
 * Applies the reports of a batch to their jobs, in one transaction with the position after it, and plans what follows.
 * True when something was planned.
 */
export const applyProgress = async (tenure: Tenure, batch: LaneBatch, reports: readonly Report[]): Promise<boolean> => {
  return tenure.transaction(async (tx, now) => {
    await savePosition(tx, progressTopic, batch)
    const byJob = Map.groupBy(reports, ({ value }) => value.job_id)
    let planned = false
    for (const job of await lockJobs(tx, [...byJob.keys()])) {
      const before = job.state.status
      const effects = transit(job, (byJob.get(job.id) ?? []).map(eventOf), now)
      byJob.delete(job.id)
      await carryOut(tx, job, effects)
      if (job.state.status !== before) tell(tenure, job)
      if (effects.length > 0 || awaitsDiscard(job)) planned = true
    }
    for (const [id, { length }] of byJob)
      tenure.log.warn({ job_id: id, reports: length }, 'reports of a job that the database does not know are skipped')
    await tx.flush()
    return planned
  })
}

const tell = ({ log }: Tenure, { id, kbId, state }: JobRow): void => {
  const about = { job_id: id, kb_id: kbId, status: state.status }
  if (state.status === 'failed') log.warn({ ...about, failure: state.failure }, 'job failed')
  else log.info(about, `job is ${state.status}`)
}

/**
 * Stores a batch of `dead.letters`, each once, in one transaction with the position after it. Those of a job that the
 * database does not know are skipped: its knowledge base was deleted, and somebody else may have the name.
 */
export const storeDeadLetters = async (tenure: Tenure, batch: LaneBatch): Promise<void> => {
  await tenure.codec.prepare(batch.records.map(({ value }) => value))
  const letters = decoded(tenure, deadLetters, batch.records)
  await tenure.codec.prepare(letters.flatMap(({ value }) => value.payload ?? []))
  await tenure.transaction(async tx => {
    await savePosition(tx, deadLetters, batch)
    const ids = [...new Set(letters.map(({ value }) => value.job_id))]
    const jobs = await tx.find(JobRow, { id: { $in: ids } }, { fields: ['id'] })
    const known = new Set([intakeLetters, ...jobs.map(({ id }) => id)])
    const kept = letters.filter(({ value }) => known.has(value.job_id))
    if (kept.length < letters.length)
      tenure.log.warn(
        { letters: letters.length - kept.length },
        'dead letters of jobs that the database does not know are skipped',
      )
    const rows = kept.map(({ record: { offset }, value: letter }) => ({
      lane: batch.lane,
      position: offset,
      jobId: letter.job_id,
      kbId: letter.kb_id,
      stage: letter.stage,
      inputTopic: letter.topic,
      inputLane: letter.lane,
      inputOffset: letter.offset,
      code: letter.code,
      message: storable(letter.message),
      attempts: letter.attempts,
      uri: letter.uri && storable(letter.uri),
      documentId: letter.document_id,
      source: letter.source && storable(letter.source),
      traceId: letter.trace_id,
      ...storedInput(tenure, letter),
    }))
    if (rows.length > 0) await tx.upsertMany(DeadLetterRow, rows, { onConflictAction: 'ignore' })
  })
}

const eventOf = ({ value, record: { timestamp: at } }: Report): JobEvent => {
  switch (value.type) {
    case 'progress':
      return { type: 'progress', report: { ...value, message: value.message && storable(value.message) }, at }
    case 'phase_failure':
      return { type: 'phase_failed', report: { ...value, message: storable(value.message) }, at }
    case 'waiting':
      return { type: 'waiting', report: { ...value, message: storable(value.message) }, at }
    case 'acknowledgement':
      return { type: 'acknowledged', report: value, at }
  }
}
