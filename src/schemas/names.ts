/** The names of the phases as users see them. */
export type Phase = 'LOADING' | 'CHUNKING' | 'EMBEDDING' | 'INDEXING' | 'FINISHING'

/** One a lane of a stage: whoever fences it is the only one whose slices of that lane count. */
export const transactionalId = (stage: string, lane: number): string => `${stage}.${lane}`
