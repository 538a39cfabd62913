import type { Phase } from '../schemas/names.ts'
import { chunks, documents, finish, loadRequests, type Topic, vectors } from '../schemas/topics.ts'

/** A phase as the coordinator sees it: the stage that reports, and the topic whose lanes it works through. */
export interface PhaseSpec {
  readonly name: Phase
  /** The stage's name, which is its consumer group and the first part of its transactional ids. */
  readonly stage: string
  readonly input: Topic
  /** True for a phase whose records are in the job's first lane alone. */
  readonly firstLaneOnly: boolean
  /** Share of a job's progress that is this phase; they sum to 100. */
  readonly weight: number
}

/** The phases of a run, in the order in which documents pass them. */
export const phases: readonly PhaseSpec[] = [
  { name: 'LOADING', stage: 'loading', input: loadRequests, firstLaneOnly: true, weight: 10 },
  { name: 'CHUNKING', stage: 'chunking', input: documents, firstLaneOnly: false, weight: 10 },
  { name: 'EMBEDDING', stage: 'embedding', input: chunks, firstLaneOnly: false, weight: 50 },
  { name: 'INDEXING', stage: 'indexing', input: vectors, firstLaneOnly: false, weight: 25 },
  { name: 'FINISHING', stage: 'finishing', input: finish, firstLaneOnly: true, weight: 5 },
]

/** The steps of FINISHING, in order. */
export const finishSteps = ['drop_unflipped', 'sweep_unseen', 'prune_versions', 'build_index'] as const

export const phaseOfStage = (stage: string): PhaseSpec | undefined => phases.find(phase => phase.stage === stage)

export const phaseBefore = (name: Phase): PhaseSpec | undefined =>
  phases[phases.findIndex(one => one.name === name) - 1]
