import type { Phase } from '../schemas/names.ts'
import type { FailureBody, JobState } from './jobs.ts'
import { phases } from './phases.ts'

/** What is known of a job: plain data, saved as JSON in the job's one row. `job.ts` says how it changes. */
export interface Job {
  readonly status: JobState
  readonly attempt: number
  /** Empty until the job has started; the first has its load and finish requests. */
  readonly lanes: readonly number[]
  readonly phases: { readonly [name in Phase]: PhaseCount }
  /** FINISHING has been asked for; it is asked for once. */
  readonly finishing: boolean
  readonly failure: FailureBody | null
  readonly message: Message | null
}

export interface PhaseCount {
  /** Per lane: the offset that the next report has to begin at, and whether the end mark has been passed. */
  readonly lanes: { readonly [lane: string]: { readonly next: number; readonly ended: boolean } }
  readonly items: number
  readonly outputs: number
  readonly rejects: number
  readonly bytes: number
  /** What the source expects in all, where it said so. */
  readonly total: number | null
  /** Per cent as last shown; never falls. */
  readonly shown: number
  /** Milliseconds of the Unix epoch, by the clock of the broker. */
  readonly startedAt: number | null
  readonly completedAt: number | null
}

export interface Message {
  readonly text: string
  /** Time, phase, offset and lane of its report: the message with the greatest is the newest. */
  readonly order: readonly number[]
}

export const emptyPhase: PhaseCount = {
  lanes: {},
  items: 0,
  outputs: 0,
  rejects: 0,
  bytes: 0,
  total: null,
  shown: 0,
  startedAt: null,
  completedAt: null,
}

export const eachPhase = (make: (name: Phase) => PhaseCount): Job['phases'] =>
  Object.fromEntries(phases.map(({ name }) => [name, make(name)])) as Record<Phase, PhaseCount>

export const newJob = (): Job => ({
  status: 'pending',
  attempt: 1,
  lanes: [],
  phases: eachPhase(() => emptyPhase),
  finishing: false,
  failure: null,
  message: null,
})

/** True when the phase has passed the end mark of every lane it has. */
export const isComplete = (phase: PhaseCount): boolean => {
  const lanes = Object.values(phase.lanes)
  return lanes.length > 0 && lanes.every(lane => lane.ended)
}
