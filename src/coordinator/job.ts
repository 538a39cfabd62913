/**
 * The job as a state machine: a pure function of plain data, so that a job is one row and a history can be replayed.
 *
 *     pending ──started──▶ running ──progress: FINISHING passed its end mark──▶ completed (effect: release)
 *                            │
 *                            ├──progress: LOADING, CHUNKING, EMBEDDING, INDEXING complete──▶ running (effect: finish)
 *                            └──phase_failed of this attempt, or a gap in the progress──▶ failed (effect: hold)
 *
 * A phase is complete when its stage has passed the end mark of every lane it has. Progress is applied by
 * compare-and-set on the range [first, next) of its (stage, lane): a repeated one changes nothing, and the final state
 * does not depend on how the reports of different stages and lanes are interleaved.
 */

import type { PhaseFailure, Progress } from '../schemas/progress.ts'
import { eachPhase, emptyPhase, isComplete, type Job, type Message, type PhaseCount } from './job-state.ts'
import type { FailureBody, JobState } from './jobs.ts'
import { shownPercent } from './percent.ts'
import { phaseOfStage, phases } from './phases.ts'

export type JobEvent =
  | {
      readonly type: 'started'
      readonly lanes: readonly number[]
      /** Lane to topic to the first offset of the job there. */
      readonly starts: { readonly [lane: string]: { readonly [topic: string]: number } }
      readonly at: number
    }
  | { readonly type: 'progress'; readonly report: Progress; readonly at: number }
  | { readonly type: 'phase_failed'; readonly report: PhaseFailure; readonly at: number }

/** What is to be told to Kafka after a transition: ask for FINISHING, hold all lanes, give all lanes back. */
export type Effect = 'finish' | 'hold' | 'release'

export interface Transition {
  readonly job: Job
  readonly effects: readonly Effect[]
}

/** A request that the state of the job forbids. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition'
  readonly code = 'illegal_transition'
  constructor(state: JobState, event: JobEvent['type']) {
    super(`A job that is ${state} does not take "${event}".`)
  }
}

/** What each state takes. Reports of a job in another state are late and change nothing; requests are refused. */
export const takes: { readonly [state in JobState]: readonly JobEvent['type'][] } = {
  pending: ['started'],
  running: ['progress', 'phase_failed'],
  paused: ['progress', 'phase_failed'],
  failed: ['progress'],
  completed: [],
  cancelled: [],
}

/** The next state and what it asks for. Throws IllegalTransition for a request the state forbids. */
export const apply = (job: Job, event: JobEvent): Transition => {
  if (!takes[job.status].includes(event.type)) {
    if (event.type === 'started') throw new IllegalTransition(job.status, event.type)
    return { job, effects: [] }
  }
  if (event.type === 'started') return { job: start(job, event), effects: [] }
  if (event.type === 'progress') return progress(job, event.report, event.at)
  if (event.report.attempt < job.attempt) return { job, effects: [] }
  const { stage, code, message, lane } = event.report
  return fail(job, { code, message, phase: phaseOfStage(stage)?.name ?? stage, lane })
}

const start = (job: Job, { lanes, starts, at }: Extract<JobEvent, { type: 'started' }>): Job => {
  const begin = Object.fromEntries(
    phases.map(({ name, input, firstLaneOnly }) => [
      name,
      Object.fromEntries(
        (firstLaneOnly ? lanes.slice(0, 1) : lanes).map(lane => [
          lane,
          { next: starts[lane]?.[input.name] ?? 0, ended: false },
        ]),
      ),
    ]),
  )
  return {
    ...job,
    status: 'running',
    lanes,
    phases: eachPhase(name => ({ ...emptyPhase, lanes: begin[name] ?? {}, startedAt: name === 'LOADING' ? at : null })),
  }
}

const progress = (job: Job, report: Progress, at: number): Transition => {
  const { stage, lane, first, next } = report
  const name = phaseOfStage(stage)?.name
  const known = name && job.phases[name].lanes[lane]
  if (!name || !known) return gap(job, report, `${stage} reported lane ${lane}, which is not one of its lanes`)
  if (next <= known.next) return { job, effects: [] }
  if (first !== known.next)
    return gap(job, report, `${stage} reported [${first}, ${next}) of lane ${lane}, expected from ${known.next}`)

  const before = job.phases[name]
  const lanes = { ...before.lanes, [lane]: { next, ended: known.ended || report.end_marks > 0 } }
  const added: PhaseCount = {
    ...before,
    lanes,
    items: before.items + report.items,
    outputs: before.outputs + report.outputs,
    rejects: before.rejects + report.rejects,
    bytes: before.bytes + report.bytes,
    total: report.total ?? before.total,
    startedAt: Math.min(before.startedAt ?? at, at),
    completedAt: report.end_marks > 0 ? Math.max(before.completedAt ?? at, at) : before.completedAt,
  }
  const order = [at, phases.findIndex(phase => phase.name === name), next, lane]
  const message = newer(job.message, report.message === null ? null : { text: report.message, order })
  const counted: Job = { ...job, phases: { ...job.phases, [name]: added }, message }
  return advance({
    ...counted,
    phases: eachPhase(one => ({ ...counted.phases[one], shown: shownPercent(counted, one) })),
  })
}

/** What follows from complete phases, for a job that runs. */
const advance = (job: Job): Transition => {
  if (job.status !== 'running') return { job, effects: [] }
  if (isComplete(job.phases.FINISHING)) return { job: { ...job, status: 'completed' }, effects: ['release'] }
  const fed = phases.every(({ name }) => name === 'FINISHING' || isComplete(job.phases[name]))
  return fed && !job.finishing ? { job: { ...job, finishing: true }, effects: ['finish'] } : { job, effects: [] }
}

const fail = (job: Job, failure: FailureBody): Transition => ({
  job: { ...job, status: 'failed', failure },
  effects: ['hold'],
})

/** Reports are contiguous by the runtime's guarantee: a hole means that records went missing, and it is said. */
const gap = (job: Job, { stage, lane }: Progress, what: string): Transition =>
  job.status === 'failed'
    ? { job, effects: [] }
    : fail(job, {
        code: 'progress_gap',
        message: `${what}: records are missing or were taken twice.`,
        phase: phaseOfStage(stage)?.name ?? stage,
        lane,
      })

const newer = (a: Message | null, b: Message | null): Message | null => {
  if (!a || !b) return a ?? b
  const differing = a.order.findIndex((value, i) => value !== b.order[i])
  return differing >= 0 && a.order[differing]! > b.order[differing]! ? a : b
}
