import type { Phase } from '../schemas/names.ts'
import type { JobRow } from './entities.ts'
import { eta } from './eta.ts'
import type { EtaBody, HoldBody } from './job-bodies.ts'
import { expectedOf, missingOf } from './job-holds.ts'
import { isComplete, type Job } from './job-state.ts'
import type { JobStatus, PhaseDetail, PhaseState } from './jobs.ts'
import { rateOf } from './pace.ts'
import { handedTo, itemsTotal, jobPercent } from './percent.ts'
import { type PhaseSpec, phasesOf } from './phases.ts'
import { streamBody, streamPercent } from './streams.ts'
import type { Owners } from './waiting.ts'

/** What of a job's status is not in its own row. */
export interface Surroundings {
  readonly waitingFor: string | null
  /** Events of its knowledge base that are parked. */
  readonly parked: number
  readonly owners: Owners
  readonly now: Date
}

/** A job as the API shows it. */
export const jobStatus = (row: JobRow, { waitingFor, parked, owners, now }: Surroundings): JobStatus => {
  const { state } = row
  const { LOADING, CHUNKING, INDEXING } = state.phases
  const rows = handedTo(state, 'TABULATING')
  const seconds = row.startedAt ? ((row.completedAt ?? now).getTime() - row.startedAt.getTime()) / 1000 : 0
  const own = phasesOf(state)
  const begun = own.filter(({ name }) => state.phases[name].startedAt !== null)
  return {
    job_id: row.id,
    kb_id: row.kbId,
    kind: row.kind,
    replay: row.submission.replay ?? null,
    stream: row.kind === 'stream' ? streamBody(state, parked) : null,
    status: row.status,
    phase: begun.at(-1)?.name ?? null,
    progress: row.kind === 'stream' ? streamPercent(state) : jobPercent(state),
    message: state.message?.text ?? null,
    waiting_for: waitingFor,
    error: state.failure,
    metrics: {
      documents: Math.max(0, LOADING.items - rows) + (LOADING.rowDocuments ?? 0),
      rows,
      chunks: CHUNKING.outputs,
      rejected: own.reduce((sum, { name }) => sum + state.phases[name].rejects, 0),
      bytes: CHUNKING.bytes,
      documents_per_second: rate(CHUNKING.items, seconds),
      chunks_per_second: rate(INDEXING.items, seconds),
    },
    eta: etaOf(state, now),
    pause: state.paused.length > 0 ? hold(state, state.pauseAskedAt, state.paused, owners) : null,
    cancel: state.status === 'cancelling' ? hold(state, state.cancelAskedAt, undefined, owners) : null,
    lanes: state.lanes,
    submitted_at: row.submittedAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    completed_at: row.completedAt?.toISOString() ?? null,
    phase_details: own.map(phase => detail(row, phase, now)),
  }
}

const detail = ({ state, status }: JobRow, { name }: PhaseSpec, now: Date): PhaseDetail => {
  const phase = state.phases[name]
  const error = state.failure?.phase === name ? state.failure : null
  const complete = isComplete(phase)
  const begun = phase.startedAt !== null
  const open = error ? 'failed' : isPaused(state, name) ? 'paused' : unfinished(status, begun)
  const shown: PhaseState = complete ? 'completed' : open
  return {
    name,
    status: shown,
    progress: phase.shown,
    items_processed: phase.items,
    items_total: itemsTotal(state, name),
    items_rejected: phase.rejects,
    items_per_second: shown !== 'running' || phase.pace === null ? null : rateOf(phase.pace, now.getTime()),
    started_at: iso(phase.startedAt),
    completed_at: complete ? iso(phase.completedAt) : null,
    error,
  }
}

const hold = (job: Job, askedAt: number | null, of: readonly Phase[] | undefined, owners: Owners): HoldBody => {
  const missing = missingOf(job, of)
  const expected = expectedOf(job, of)
  return {
    requested_at: new Date(askedAt ?? 0).toISOString(),
    acknowledged: expected - missing.length,
    expected,
    missing: missing.map(({ stage, lane }) => ({ stage, lane, worker: owners.get(stage)?.[lane] ?? null })),
  }
}

/** Users want it to stand, and nothing of it is in flight. */
const isPaused = (job: Job, name: Phase): boolean => job.paused.includes(name) && missingOf(job, [name]).length === 0

const etaOf = (job: Job, now: Date): EtaBody | null => {
  const found = eta(job, now.getTime())
  if (found === null) return null
  const { earliest, expected, latest } = found
  return {
    earliest: new Date(earliest).toISOString(),
    expected: new Date(expected).toISOString(),
    latest: new Date(latest).toISOString(),
  }
}

/** A phase that is neither complete nor at fault: as the job is, once it has begun. */
const unfinished = (job: JobRow['status'], begun: boolean): PhaseState => {
  if (!begun) return job === 'cancelled' ? 'cancelled' : 'pending'
  return job === 'failed' ? 'paused' : job
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** Per second, or null before there is ground for a rate. */
const rate = (count: number, seconds: number): number | null =>
  count > 0 && seconds >= 1 ? Math.round((10 * count) / seconds) / 10 : null
