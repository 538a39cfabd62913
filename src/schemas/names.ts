/** The names of the phases as users see them. */
export const phaseNames = ['LOADING', 'CHUNKING', 'EMBEDDING', 'INDEXING', 'FINISHING'] as const
export type Phase = (typeof phaseNames)[number]

/** One a lane of a stage: whoever fences it is the only one whose slices of that lane count. */
export const transactionalId = (stage: string, lane: number): string => `${stage}.${lane}`
