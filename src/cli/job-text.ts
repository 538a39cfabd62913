import type { JobStatus, PhaseDetail } from '../api/contract/answers.ts'
import { counted, number, oneLine, table } from './text.ts'

const units: Readonly<Record<string, string>> = {
  LOADING: 'document',
  CHUNKING: 'document',
  EMBEDDING: 'chunk',
  INDEXING: 'chunk',
  FINISHING: 'step',
}

/** `120/300 documents`, or `120 documents` while nobody knows how many there will be. */
export const items = ({ name, items_processed, items_total }: PhaseDetail): string => {
  const unit = units[name] ?? 'item'
  return items_total === null
    ? counted(items_processed, unit)
    : `${number(items_processed)}/${counted(items_total, unit)}`
}

/** One sentence about a job that has ended or was looked at. */
export const summary = (job: JobStatus): string => {
  const { documents, chunks, rejected } = job.metrics
  const seconds = secondsOf(job)
  const took = seconds === null ? '' : ` in ${number(seconds)} s`
  const lost = rejected === 0 ? '' : `, ${number(rejected)} rejected (penstock dead-letters ${job.job_id})`
  return `Job ${job.job_id} of ${job.kb_id} ${verbs[job.status]}${took}: ${counted(documents, 'document')}, ${counted(chunks, 'chunk')}${lost}.`
}

const verbs: Readonly<Record<JobStatus['status'], string>> = {
  pending: 'is waiting to run',
  running: 'is running',
  paused: 'is paused',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'was cancelled',
}

const secondsOf = ({ started_at, completed_at }: JobStatus): number | null =>
  started_at === null || completed_at === null ? null : (Date.parse(completed_at) - Date.parse(started_at)) / 1000

/** Why a job stands or failed, a line each; none when there is nothing to say. */
export const remarks = (job: JobStatus): string[] => [
  ...(job.waiting_for === null ? [] : [`waiting for ${oneLine(job.waiting_for, 300)}`]),
  ...(job.message === null ? [] : [oneLine(job.message, 300)]),
  ...(job.error === null
    ? []
    : [`${job.error.phase ?? 'the job'} failed: ${oneLine(job.error.message, 500)} (${job.error.code})`]),
]

/** All that is known of a job. */
export const page = (job: JobStatus): string[] => [
  `Job ${job.job_id} of knowledge base ${job.kb_id}: ${job.status}, ${number(job.progress)} %`,
  ...remarks(job).map(line => `  ${line}`),
  `  ${summary(job)}`,
  '',
  ...table(
    ['PHASE', 'STATE', 'PROGRESS', 'DONE', 'REJECTED'],
    job.phase_details.map(phase => [
      phase.name,
      phase.status,
      `${number(phase.progress)} %`,
      items(phase),
      phase.items_rejected,
    ]),
  ),
]
