import { type Branch, hasPhase, type Phase } from '../schemas/names.ts'
import { chunks, documents, finish, loadRequests, rowsTopic, type Topic, vectors } from '../schemas/topics.ts'
import type { Submission } from './jobs.ts'

/** A phase as the coordinator sees it: the stage that reports, and the topic whose lanes it works through. */
export interface PhaseSpec {
  readonly name: Phase
  /** The stage's name, which is its consumer group and the first part of its transactional ids. */
  readonly stage: string
  readonly input: Topic
  /** The phase that writes its input; null where no phase does. */
  readonly before: Phase | null
  /** True for a phase whose records are in the job's first lane alone. */
  readonly firstLaneOnly: boolean
  /** Share of a job's progress that is this phase, beside the weights of the others that the job has. */
  readonly weight: number
}

/** The phases that jobs can have, in the order in which documents pass them, branches before FINISHING. */
export const phases: readonly PhaseSpec[] = [
  { name: 'LOADING', stage: 'loading', input: loadRequests, before: null, firstLaneOnly: true, weight: 10 },
  { name: 'CHUNKING', stage: 'chunking', input: documents, before: 'LOADING', firstLaneOnly: false, weight: 10 },
  { name: 'EMBEDDING', stage: 'embedding', input: chunks, before: 'CHUNKING', firstLaneOnly: false, weight: 50 },
  { name: 'INDEXING', stage: 'indexing', input: vectors, before: 'EMBEDDING', firstLaneOnly: false, weight: 25 },
  { name: 'TABULATING', stage: 'tabulating', input: rowsTopic, before: 'LOADING', firstLaneOnly: false, weight: 25 },
  { name: 'FINISHING', stage: 'finishing', input: finish, before: null, firstLaneOnly: true, weight: 5 },
]

/** What a job uses beside what every job does. */
interface Branching {
  readonly branches: readonly Branch[]
}

/** The phases of a job. */
export const phasesOf = (job: Branching): readonly PhaseSpec[] => phases.filter(({ name }) => hasPhase(job, name))

/** The branches that a job needs for its sources. A replay loads documents, and documents alone. */
export const branchesOf = ({ sources, replay }: Pick<Submission, 'sources' | 'replay'>): readonly Branch[] =>
  !replay && sources.some(({ type }) => type === 'structured') ? ['TABULATING'] : []

/** The steps of FINISHING of every job, in order. */
export const finishSteps = ['drop_unflipped', 'sweep_unseen', 'prune_versions', 'build_index'] as const

/** Those of a job: tables flip before what did not flip is dropped. */
export const finishStepsOf = (job: Branching) =>
  hasPhase(job, 'TABULATING') ? (['flip_tables', ...finishSteps] as const) : finishSteps

export const phaseOfStage = (stage: string): PhaseSpec | undefined => phases.find(phase => phase.stage === stage)

export const phaseOf = (name: Phase): PhaseSpec => phases.find(phase => phase.name === name)!
