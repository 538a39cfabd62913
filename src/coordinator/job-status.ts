import type { JobRow } from './entities.ts'
import { isComplete } from './job-state.ts'
import type { JobStatus, PhaseDetail, PhaseState } from './jobs.ts'
import { itemsTotal, jobPercent } from './percent.ts'
import { type PhaseSpec, phases } from './phases.ts'

/** A job as the API shows it. `waitingFor` is found by the caller: it depends on other jobs. */
export const jobStatus = (row: JobRow, waitingFor: string | null, now: Date): JobStatus => {
  const { state } = row
  const { LOADING, CHUNKING, INDEXING } = state.phases
  const seconds = row.startedAt ? ((row.completedAt ?? now).getTime() - row.startedAt.getTime()) / 1000 : 0
  const begun = phases.filter(({ name }) => state.phases[name].startedAt !== null)
  return {
    job_id: row.id,
    kb_id: row.kbId,
    kind: row.kind,
    status: row.status,
    phase: begun.at(-1)?.name ?? null,
    progress: jobPercent(state),
    message: state.message?.text ?? null,
    waiting_for: waitingFor,
    error: state.failure,
    metrics: {
      documents: LOADING.items,
      chunks: CHUNKING.outputs,
      rejected: phases.reduce((sum, { name }) => sum + state.phases[name].rejects, 0),
      bytes: CHUNKING.bytes,
      documents_per_second: rate(CHUNKING.items, seconds),
      chunks_per_second: rate(INDEXING.items, seconds),
    },
    eta: null,
    lanes: state.lanes,
    submitted_at: row.submittedAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    completed_at: row.completedAt?.toISOString() ?? null,
    phase_details: phases.map(phase => detail(row, phase)),
  }
}

const detail = ({ state, status }: JobRow, { name }: PhaseSpec): PhaseDetail => {
  const phase = state.phases[name]
  const error = state.failure?.phase === name ? state.failure : null
  const complete = isComplete(phase)
  return {
    name,
    status: complete ? 'completed' : error ? 'failed' : unfinished(status, phase.startedAt !== null),
    progress: phase.shown,
    items_processed: phase.items,
    items_total: itemsTotal(state, name),
    items_rejected: phase.rejects,
    started_at: iso(phase.startedAt),
    completed_at: complete ? iso(phase.completedAt) : null,
    error,
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
