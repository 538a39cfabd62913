/** The names of the phases as users see them. */
export const phaseNames = ['LOADING', 'CHUNKING', 'EMBEDDING', 'INDEXING', 'TABULATING', 'FINISHING'] as const
export type Phase = (typeof phaseNames)[number]

/** Phases that only jobs have that ask for them: branches of the line. */
export const branchNames = ['TABULATING'] as const satisfies readonly Phase[]
export type Branch = (typeof branchNames)[number]

/** Whether a job has a phase: every job has those that are no branches. */
export const hasPhase = ({ branches }: { readonly branches: readonly string[] }, phase: Phase): boolean =>
  !branchNames.some(name => name === phase) || branches.includes(phase)

/** The group of INTAKE, the first part of its transactional ids, and what its dead letters name as their stage. */
export const intake = 'intake'

/** Dead letters of INTAKE are of no job, and are listed under this name; no knowledge base can have it. */
export const intakeLetters = 'INTAKE'

/** One a lane of a stage: whoever fences it is the only one whose slices of that lane count. */
export const transactionalId = (stage: string, lane: number): string => `${stage}.${lane}`
