import type { LaneJob } from '../schemas/lane-control.ts'
import type { Stage } from './stage.ts'
import type { Asker } from './turns.ts'

/** What priority is worth: twenty more is twice the share, and the whole range of -100 to 100 a thousand times. */
export const weightOf = (priority: number): number => 2 ** (Math.max(-100, Math.min(100, priority)) / 20)

/** A job as it asks for turns in a stage. */
export const askerOf = (stage: Pick<Stage, 'computes'>, job: LaneJob): Asker => ({
  job: job.job_id,
  weight: weightOf(job.priority),
  ...(stage.computes?.(job) ? { most: 1 } : {}),
})
