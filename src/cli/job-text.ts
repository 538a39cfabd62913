import type { JobStatus, PhaseDetail } from '../api/contract/answers.ts'
import { counted, number, oneLine, table } from './text.ts'

const units: Readonly<Record<string, string>> = {
  LOADING: 'document',
  CHUNKING: 'document',
  EMBEDDING: 'chunk',
  INDEXING: 'chunk',
  TABULATING: 'row',
  FINISHING: 'step',
}

/**
 * `120/300 documents`, or `120 documents` while nobody knows how many there will be. A job with tables loads rows; one
 * that loads documents of other sources besides loads items.
 */
export const items = (
  { phase_details, metrics }: JobStatus,
  { name, items_processed, items_total }: PhaseDetail,
): string => {
  const tabled = name === 'LOADING' && phase_details.some(phase => phase.name === 'TABULATING')
  const loaded = items_processed === metrics.rows ? 'row' : 'item'
  const unit = tabled ? loaded : (units[name] ?? 'item')
  return items_total === null
    ? counted(items_processed, unit)
    : `${number(items_processed)}/${counted(items_total, unit)}`
}

/** One sentence about a job that has ended or was looked at. */
export const summary = (job: JobStatus): string => {
  const { documents, rows, chunks, rejected } = job.metrics
  const seconds = secondsOf(job)
  const took = seconds === null ? '' : ` in ${number(seconds)} s`
  const lost = rejected === 0 ? '' : `, ${number(rejected)} rejected (penstock dead-letters ${job.job_id})`
  const usual = job.kind === 'stream' ? 'Stream' : 'Job'
  const what = job.replay === null ? usual : `Replay of ${counted(job.replay.documents, 'document')} as job`
  return `${what} ${job.job_id} of ${job.kb_id} ${verbs[job.status]}${took}: ${counted(documents, 'document')}${rows === 0 ? '' : `, ${counted(rows, 'row')}`}, ${counted(chunks, 'chunk')}${lost}.`
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
  ...(job.eta === null ? [] : [etaText(job.eta, Date.now())]),
  ...(job.stream === null ? [] : [behindText(job.stream)]),
  ...(job.waiting_for === null ? [] : [`waiting for ${oneLine(job.waiting_for, 300)}`]),
  ...(job.message === null ? [] : [oneLine(job.message, 300)]),
  ...(job.error === null
    ? []
    : [`${job.error.phase ?? 'the job'} failed: ${oneLine(job.error.message, 500)} (${job.error.code})`]),
]

/** `behind: 3 documents and 40 chunks unfinished, 2 events parked`. */
const behindText = (stream: NonNullable<JobStatus['stream']>): string => {
  const { unfinished_documents, unfinished_chunks, parked_events } = stream
  const parked = parked_events === 0 ? '' : `, ${counted(parked_events, 'event')} parked`
  if (unfinished_documents + unfinished_chunks === 0) return `behind: nothing unfinished${parked}`
  return `behind: ${counted(unfinished_documents, 'document')} and ${counted(unfinished_chunks, 'chunk')} unfinished${parked}`
}

/** `pause: 3 of 10 acknowledged, waiting for embedding lane 2 (worker host-12)`; of many lanes the first few. */
export const holdText = (
  what: string,
  { acknowledged, expected, missing }: NonNullable<JobStatus['pause']>,
): string => {
  const said = `${what}: ${number(acknowledged)} of ${number(expected)} acknowledged`
  if (missing.length === 0) return said
  const lanes = missing
    .slice(0, lanesNamed)
    .map(({ stage, lane, worker }) => `${stage} lane ${lane} (${worker === null ? 'no worker' : `worker ${worker}`})`)
  const more = missing.length > lanesNamed ? ` and ${number(missing.length - lanesNamed)} more` : ''
  return `${said}, waiting for ${lanes.join(', ')}${more}`
}
const lanesNamed = 3

/** `done in 2 to 3 min`, rounded as people would. */
export const etaText = ({ earliest, latest }: NonNullable<JobStatus['eta']>, now: number): string => {
  const [from, to] = [inUnits(earliest, now), inUnits(latest, now)]
  if (from.unit !== to.unit) return `done in ${from.count} ${from.unit} to ${to.count} ${to.unit}`
  return `done in ${from.count === to.count ? '' : `${from.count} to `}${to.count} ${to.unit}`
}

const inUnits = (time: string, now: number): { readonly count: number; readonly unit: string } => {
  const seconds = Math.max(1, (Date.parse(time) - now) / 1000)
  if (seconds < 90) return { count: Math.round(seconds), unit: 's' }
  if (seconds < 5_400) return { count: Math.round(seconds / 60), unit: 'min' }
  return { count: Math.round(seconds / 360) / 10, unit: 'h' }
}

/** `12.3`, of what the phase counts; null while it does not move. */
export const perSecond = ({ status, items_per_second }: PhaseDetail): string | null =>
  status !== 'running' || items_per_second === null ? null : number(items_per_second)

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
      items(job, phase),
      perSecond(phase) ?? '-',
      phase.items_rejected,
    ]),
  ),
]
