import type { Job } from './job-state.ts'

/**
 * How much of a job may be unfinished before LOADING is held, and below how much it goes on again. Enough that no stage
 * ever waits for work, little enough that a stage that stands does not fill the broker's disk.
 */
export const bounds = { chunks: 40_000, documents: 4_000 } as const

/** Chunks that CHUNKING has made and INDEXING has not stored, and documents that CHUNKING has not cut. */
export const unfinished = ({ phases: { LOADING, CHUNKING, INDEXING } }: Job) => ({
  chunks: Math.max(0, CHUNKING.outputs - INDEXING.items),
  documents: Math.max(0, LOADING.outputs - CHUNKING.items),
})

/** Past a bound until well below it: at half of both it ends. */
export const isPressed = (job: Job): boolean => {
  const { chunks, documents } = unfinished(job)
  const share = Math.max(chunks / bounds.chunks, documents / bounds.documents)
  return job.pressed ? share > 0.5 : share > 1
}
