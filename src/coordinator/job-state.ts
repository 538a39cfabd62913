import { type Branch, type Phase, phaseNames } from '../schemas/names.ts'
import type { FailureBody } from './job-bodies.ts'
import type { JobState } from './jobs.ts'
import type { Pace } from './pace.ts'

/**
 * What a job is in. `pausing` and `cancelling` are `running` to the outside, with `pause` and `cancel` in the status
 * telling how far they are: a job is called paused when nothing of it is in flight, not when somebody has asked.
 */
export type Status = 'pending' | 'running' | 'pausing' | 'paused' | 'failed' | 'cancelling' | 'completed' | 'cancelled'

export const shownStatus = (status: Status): JobState =>
  status === 'pausing' || status === 'cancelling' ? 'running' : status

/** Nothing is promised of a job in such a state: it may be said of one that will be in it. */
export const isUnderWay = ({ status }: Job): boolean => ['pending', 'running', 'pausing', 'cancelling'].includes(status)

/** What is known of a job: plain data, saved as JSON in the job's one row. `job.ts` says how it changes. */
export interface Job {
  readonly status: Status
  readonly attempt: number
  /** Grows with every change of what `control` says of the job: attempt, holds, cancel. */
  readonly revision: number
  /** Empty until the job has started; the first has its load and finish requests. */
  readonly lanes: readonly number[]
  /** The branches of the line that it uses. */
  readonly branches: readonly Branch[]
  /** What of these it has, `phasesOf` says; a branch that it does not use stays empty. */
  readonly phases: { readonly [name in Phase]: PhaseCount }
  /** FINISHING has been asked for; it is asked for once. */
  readonly finishing: boolean
  readonly failure: FailureBody | null
  readonly message: Message | null
  /** Phases that users want to stand, and since when they want the newest of it (ms of the Unix epoch). */
  readonly paused: readonly Phase[]
  readonly pauseAskedAt: number | null
  readonly cancelAskedAt: number | null
  /** LOADING is held because too much of the job is unfinished. */
  readonly pressed: boolean
}

export interface PhaseLane {
  /** The offset that the next report has to begin at. */
  readonly next: number
  /** The end mark has been passed. */
  readonly ended: boolean
  /** Revision of the job that was acknowledged last: nothing was in flight here then. 0 before the first. */
  readonly acknowledged: number
  /** Why it does not go on for now, until its next progress. */
  readonly waiting: { readonly code: string; readonly message: string; readonly until: number } | null
}

export interface PhaseCount {
  readonly lanes: { readonly [lane: string]: PhaseLane }
  /** Revision of the job since which the phase is held; null while it is not. */
  readonly held: number | null
  readonly pace: Pace | null
  readonly items: number
  readonly outputs: number
  /** Topic of a branch to the items handed to it; without any unless given. */
  readonly branchOutputs?: { readonly [topic: string]: number }
  /** Documents that were found in rows, which are the items there; none unless given. */
  readonly rowDocuments?: number
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
  held: null,
  pace: null,
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
  Object.fromEntries(phaseNames.map(name => [name, make(name)])) as Record<Phase, PhaseCount>

export const newJob = (branches: readonly Branch[] = []): Job => ({
  status: 'pending',
  attempt: 1,
  revision: 0,
  lanes: [],
  branches,
  phases: eachPhase(() => emptyPhase),
  finishing: false,
  failure: null,
  message: null,
  paused: [],
  pauseAskedAt: null,
  cancelAskedAt: null,
  pressed: false,
})

/** True when the phase has passed the end mark of every lane it has. */
export const isComplete = (phase: PhaseCount): boolean => {
  const lanes = Object.values(phase.lanes)
  return lanes.length > 0 && lanes.every(lane => lane.ended)
}
