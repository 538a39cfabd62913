import type { LaneControl } from '../schemas/lane-control.ts'
import { hasPhase } from '../schemas/names.ts'
import type { Stage } from './stage.ts'

/** One stretch of a lane's work, and the two ways in which it is ended from outside. */
export class Activation {
  readonly #ending = new AbortController()
  readonly #aborting = new AbortController()
  #grace: NodeJS.Timeout | null = null

  /** Aborts when nothing new may be begun. */
  readonly ending: AbortSignal = this.#ending.signal
  /** Aborts when what is in hand has to stop as well. */
  readonly aborting: AbortSignal = this.#aborting.signal

  /** Nothing new from now on, and what is in hand is aborted after so many milliseconds; 0 is at once. */
  end(graceMs: number): void {
    this.#ending.abort(superseded())
    if (graceMs > 0) {
      this.#grace ??= setTimeout(() => this.#aborting.abort(superseded()), graceMs)
      return
    }
    if (this.#grace) clearTimeout(this.#grace)
    this.#aborting.abort(superseded())
  }
}

/** How long the slice in hand of a lane that is paused may go on, in ms; then it is aborted. */
const pauseGraceMs = 1_500

/**
 * What a lane of a stage is to be worked for: null for nothing, else a name that changes with every reason to begin
 * anew; and how long what is in hand may go on when that changes.
 */
export const wanted = (
  control: LaneControl | null,
  { name: stage, phase }: Pick<Stage, 'name' | 'phase'>,
  epoch: number,
) => {
  const job = control?.job
  if (!job || !hasPhase(job, phase)) return { purpose: null, graceMs: 0 }
  const work = `${epoch}/${job.job_id}/${job.attempt}`
  if (!control.held.includes(stage)) return { purpose: work, graceMs: 0 }
  return { purpose: `${work}/held/${job.revision}`, graceMs: control.cancelled ? 0 : pauseGraceMs }
}

const superseded = () => new Error('superseded')
