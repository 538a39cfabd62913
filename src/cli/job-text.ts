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
  ...(job.pause === null ? [] : [holdText('pause', job.pause)]),
  ...(job.cancel === null ? [] : [holdText('cancel', job.cancel)]),
  ...(job.eta === null ? [] : [`done ${etaText(job.eta, Date.now())}`]),
  ...(job.waiting_for === null ? [] : [`waiting for ${oneLine(job.waiting_for, 300)}`]),
  ...(job.message === null ? [] : [oneLine(job.message, 300)]),
  ...(job.error === null
    ? []
    : [`${job.error.phase ?? 'the job'} failed: ${oneLine(job.error.message, 500)} (${job.error.code})`]),
]

/** `pause: 3 of 10 acknowledged, missing embedding lane 2 (worker host-12)` */
export const holdText = (
  what: string,
  { acknowledged, expected, missing }: NonNullable<JobStatus['pause']>,
): string => {
  const who = missing.map(one => `${one.stage} lane ${one.lane} (${one.worker ?? 'no worker'})`)
  return `${what}: ${acknowledged} of ${expected} acknowledged${who.length === 0 ? '' : `, missing ${who.join(', ')}`}`
}

/** `in 2 min to 3 min`, rounded as people would. */
const etaText = ({ earliest, latest }: NonNullable<JobStatus['eta']>, now: number): string => {
  const [from, to] = [earliest, latest].map(time => span(Math.max(0, Date.parse(time) - now) / 1000))
  return from === to ? `in ${to}` : `in ${from} to ${to}`
}

const span = (seconds: number): string => {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`
}

/** All that is known of a job. */
export const page = (job: JobStatus): string[] => [
  `Job ${job.job_id} of knowledge base ${job.kb_id}: ${job.status}, ${number(job.progress)} %`,
  ...remarks(job).map(line => `  ${line}`),
  `  ${summary(job)}`,
  '',
  ...table(
    ['PHASE', 'STATE', 'PROGRESS', 'DONE', 'PER SECOND', 'REJECTED'],
    job.phase_details.map(phase => [
      phase.name,
      phase.status,
      `${number(phase.progress)} %`,
      items(phase),
      phase.items_per_second === null ? '-' : number(Math.round(phase.items_per_second * 10) / 10),
      phase.items_rejected,
    ]),
  ),
]
