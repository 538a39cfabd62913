/** The names of the phases as users see them. */
export const phaseNames = ['LOADING', 'CHUNKING', 'EMBEDDING', 'INDEXING', 'FINISHING'] as const
export type Phase = (typeof phaseNames)[number]

/** The group of INTAKE, the first part of its transactional ids, and what its dead letters name as their stage. */
export const intake = 'intake'

/** Dead letters of INTAKE are of no job, and are listed under this name; no knowledge base can have it. */
export const intakeLetters = 'INTAKE'

/** One a lane of a stage: whoever fences it is the only one whose slices of that lane count. */
export const transactionalId = (stage: string, lane: number): string => `${stage}.${lane}`
