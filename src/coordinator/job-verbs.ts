import { hasPhase, type Phase } from '../schemas/names.ts'
import { incomplete } from './job-holds.ts'
import { eachPhase, isComplete, type Job } from './job-state.ts'

/** What users ask of a job. */
export type Demand =
  | { readonly type: 'pause' | 'resume' | 'retry'; readonly phase: Phase | null; readonly at: number }
  | { readonly type: 'cancel'; readonly at: number }

/** The job as demanded, or the sentence with which it is refused. The state of the job takes such a demand. */
export const demanded = (job: Job, demand: Demand): Job | string => {
  switch (demand.type) {
    case 'pause':
      return pause(job, demand.phase, demand.at)
    case 'resume':
      return resume(job, demand.phase)
    case 'cancel':
      return {
        ...job,
        status: job.lanes.length > 0 ? 'cancelling' : 'cancelled',
        revision: job.revision + 1,
        cancelAskedAt: demand.at,
        failure: null,
      }
    case 'retry':
      return retry(job, demand.phase)
  }
}

const pause = (job: Job, phase: Phase | null, at: number): Job | string => {
  if (phase !== null && !hasPhase(job, phase)) return `The job has no ${phase}: none of its sources needs it.`
  if (phase !== null && isComplete(job.phases[phase])) return `${phase} is completed: there is nothing to pause.`
  const asked = phase === null ? incomplete(job) : [phase]
  const added = asked.filter(name => !job.paused.includes(name))
  if (added.length === 0) return `${phase ?? 'The job'} is being paused already.`
  return { ...job, paused: [...job.paused, ...added], pauseAskedAt: at }
}

const resume = (job: Job, phase: Phase | null): Job | string => {
  if (phase === null && job.paused.length === 0) return `The job is ${job.status}: nothing of it is paused.`
  if (phase !== null && !job.paused.includes(phase)) return `The job is ${job.status} and its ${phase} is not paused.`
  const paused = phase === null ? [] : job.paused.filter(name => name !== phase)
  return { ...job, paused, pauseAskedAt: paused.length === 0 ? null : job.pauseAskedAt }
}

/** Goes on at the record that failed. What was paused goes on as well: who retries wants the job to move. */
const retry = (job: Job, phase: Phase | null): Job | string => {
  if (phase !== null && phase !== job.failure?.phase)
    return `The job failed at ${job.failure?.phase ?? 'no phase'}, not at ${phase}: retry that phase, or the job.`
  return {
    ...job,
    status: 'running',
    attempt: job.attempt + 1,
    revision: job.revision + 1,
    failure: null,
    paused: [],
    pauseAskedAt: null,
    phases: eachPhase(name => ({
      ...job.phases[name],
      lanes: Object.fromEntries(
        Object.entries(job.phases[name].lanes).map(([lane, known]) => [lane, { ...known, waiting: null }]),
      ),
    })),
  }
}

const instead: { readonly [state in Job['status']]: string } = {
  pending: 'It can be paused or cancelled.',
  running: 'It can be paused or cancelled.',
  pausing: 'It is being paused; it can be resumed or cancelled.',
  paused: 'It can be resumed or cancelled.',
  failed: 'It can be retried or cancelled.',
  cancelling: 'It is being cancelled; wait for its end.',
  completed: 'It has ended; start a new one.',
  cancelled: 'It has ended; start a new one.',
}

/** Why a state does not take a demand, and what it does take. */
export const refusalOf = ({ status }: Job, demand: string): string =>
  `A job that is ${status} does not take "${demand}". ${instead[status]}`
