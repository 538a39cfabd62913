/**
 * The job as a state machine: a pure function of plain data, so that a job is one row and a history can be replayed.
 * `transitions` below is the one table of what each state takes; docs/JOBS.md draws it, and a test holds the drawing
 * against the table.
 *
 * A phase is complete when its stage has passed the end mark of every lane it has. Progress is applied by
 * compare-and-set on the range [first, next) of its (stage, lane): a repeated one changes nothing, and the final state
 * does not depend on how the reports of different stages and lanes are interleaved.
 */

import type { Phase } from '../schemas/names.ts'
import type { Acknowledgement, PhaseFailure, Progress, Waiting } from '../schemas/progress.ts'
import type { FailureBody } from './job-bodies.ts'
import { held, isPausedWhole, isQuiet, missingOf } from './job-holds.ts'
import { acknowledged, counted, failureOf, waits } from './job-progress.ts'
import { eachPhase, emptyPhase, isComplete, type Job, type Status } from './job-state.ts'
import { type Demand, demanded, refusalOf } from './job-verbs.ts'
import { resumed } from './pace.ts'
import { phasesOf } from './phases.ts'
import { isPressed } from './pressure.ts'

export type JobEvent =
  | {
      readonly type: 'started'
      readonly lanes: readonly number[]
      /** Lane to topic to the first offset of the job there. */
      readonly starts: { readonly [lane: string]: { readonly [topic: string]: number } }
      readonly at: number
    }
  | Demand
  | { readonly type: 'progress'; readonly report: Progress; readonly at: number }
  | { readonly type: 'phase_failed'; readonly report: PhaseFailure; readonly at: number }
  | { readonly type: 'acknowledged'; readonly report: Acknowledgement; readonly at: number }
  | { readonly type: 'waiting'; readonly report: Waiting; readonly at: number }
  /** What a cancelled job had half written is gone. */
  | { readonly type: 'discarded'; readonly at: number }

/** What is to be told to Kafka after a transition: ask for FINISHING, tell the lanes what now holds, give them back. */
export type Effect = 'finish' | 'tell' | 'release'

export interface Transition {
  readonly job: Job
  readonly effects: readonly Effect[]
}

/** A request that the state of the job forbids. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition'
  readonly code = 'illegal_transition'
}

/** THE TABLE: what each state takes, and the states that can follow. */
export const transitions: {
  readonly [state in Status]: { readonly [type in JobEvent['type']]?: readonly Status[] }
} = {
  pending: {
    started: ['running', 'pausing'],
    pause: ['pending', 'paused'],
    resume: ['pending'],
    cancel: ['cancelled'],
  },
  running: {
    progress: ['running', 'pausing', 'paused', 'completed', 'failed'],
    phase_failed: ['running', 'failed'],
    acknowledged: ['running'],
    waiting: ['running'],
    pause: ['running', 'pausing'],
    resume: ['running'],
    cancel: ['cancelling'],
  },
  pausing: {
    progress: ['pausing', 'paused', 'completed', 'failed'],
    phase_failed: ['pausing', 'failed'],
    acknowledged: ['pausing', 'paused'],
    waiting: ['pausing'],
    pause: ['pausing'],
    resume: ['running'],
    cancel: ['cancelling'],
  },
  paused: {
    progress: ['paused', 'failed'],
    acknowledged: ['paused'],
    resume: ['pending', 'running'],
    cancel: ['cancelling', 'cancelled'],
  },
  failed: {
    progress: ['failed'],
    acknowledged: ['failed'],
    retry: ['running', 'completed'],
    cancel: ['cancelling'],
  },
  cancelling: {
    progress: ['cancelling'],
    acknowledged: ['cancelling'],
    discarded: ['cancelled'],
  },
  completed: {},
  cancelled: {},
}

const requests: readonly string[] = ['started', 'pause', 'resume', 'cancel', 'retry'] satisfies JobEvent['type'][]

/**
 * The next state and what it asks for. Throws IllegalTransition for a request that the state forbids; a report that
 * comes late changes nothing.
 */
export const apply = (job: Job, event: JobEvent): Transition => {
  if (transitions[job.status][event.type] === undefined) {
    if (requests.includes(event.type)) throw new IllegalTransition(refusalOf(job, event.type))
    return { job, effects: [] }
  }
  return settled(job, next(job, event), event.at)
}

const next = (job: Job, event: JobEvent): Job => {
  switch (event.type) {
    case 'started':
      return start(job, event)
    case 'progress': {
      const after = counted(job, event.report, event.at)
      if (!('code' in after)) return { ...after, pressed: isPressed(after) }
      return job.status === 'failed' || job.status === 'cancelling' ? job : fail(job, after)
    }
    case 'phase_failed':
      return event.report.attempt < job.attempt ? job : fail(job, failureOf(event.report))
    case 'acknowledged':
      return acknowledged(job, event.report)
    case 'waiting':
      return event.report.attempt < job.attempt ? job : waits(job, event.report, event.at)
    case 'discarded':
      if (!isQuiet(job)) throw new IllegalTransition('What a job wrote is discarded when all its lanes are quiet.')
      return { ...job, status: 'cancelled' }
    default: {
      const after = demanded(job, event)
      if (typeof after === 'string') throw new IllegalTransition(after)
      return after
    }
  }
}

const start = (job: Job, { lanes, starts, at }: Extract<JobEvent, { type: 'started' }>): Job => {
  const lane = (name: string) => (one: number) =>
    [one, { next: starts[one]?.[name] ?? 0, ended: false, acknowledged: 0, waiting: null }] as const
  const begin = Object.fromEntries(
    phasesOf(job).map(({ name, input, firstLaneOnly }) => [
      name,
      Object.fromEntries((firstLaneOnly ? lanes.slice(0, 1) : lanes).map(lane(input.name))),
    ]),
  )
  return {
    ...job,
    status: 'running',
    lanes,
    phases: eachPhase(name => ({ ...emptyPhase, lanes: begin[name] ?? {}, startedAt: name === 'LOADING' ? at : null })),
  }
}

const fail = (job: Job, failure: FailureBody): Job => ({ ...job, status: 'failed', failure })

/** What follows from the new state by itself: complete phases, holds, and when they are acknowledged. */
const settled = (before: Job, job: Job, at: number): Transition => {
  if (job.status === 'cancelled') return { job, effects: job.lanes.length > 0 ? ['release'] : [] }
  const effects: Effect[] = []
  let after = job
  const goesOn = ['running', 'pausing', 'paused'].includes(after.status)
  if (goesOn && isComplete(after.phases.FINISHING))
    return { job: { ...after, status: 'completed' }, effects: ['release'] }
  const fed = phasesOf(after).every(({ name }) => name === 'FINISHING' || isComplete(after.phases[name]))
  if (goesOn && fed && !after.finishing) {
    after = { ...after, finishing: true }
    effects.push('finish')
  }
  after = timed(before, held(after), at)
  if (goesOn || after.status === 'pending') after = { ...after, status: pausedStatus(after) }
  if (after.lanes.length > 0 && before.lanes.length > 0 && after.revision !== before.revision) effects.push('tell')
  return { job: after, effects }
}

/** Where nothing was in flight yet, a pause needs nobody's word. */
const pausedStatus = (job: Job): Status => {
  const started = job.lanes.length > 0
  if (!isPausedWhole(job)) return started ? 'running' : 'pending'
  return missingOf(job).length === 0 ? 'paused' : 'pausing'
}

/** A phase that stood is not slow: until its hold ends, and with its end, its time does not count. */
const timed = (before: Job, job: Job, at: number): Job => ({
  ...job,
  phases: eachPhase(name => {
    const phase: Job['phases'][Phase] = job.phases[name]
    const stood = phase.held !== null || before.phases[name].held !== null
    return stood && phase.pace !== null ? { ...phase, pace: resumed(phase.pace, at) } : phase
  }),
})
