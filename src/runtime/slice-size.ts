import type { SliceLimits } from './lane-queue.ts'

/** A slice is meant to take no longer, in ms: what waits for it waits no longer, and progress is told as often. */
const longMs = 1_000
const shortMs = longMs / 4
const firstRecords = 64

/**
 * How much a lane's worker takes at once: it begins small, doubles while slices are short, and is cut to fit when one
 * was long. A stage with a slow model so tells its progress every second or two, one with a quick model pays little for
 * each transaction.
 */
export class SliceSize implements SliceLimits {
  readonly bytes: number
  readonly #most: number
  #records: number

  constructor(most: SliceLimits) {
    this.bytes = most.bytes
    this.#most = most.records
    this.#records = Math.min(most.records, firstRecords)
  }

  get records(): number {
    return this.#records
  }

  /** A slice of so many records took so long. */
  took(records: number, ms: number): void {
    if (ms > longMs) this.#records = Math.max(1, Math.floor((records * longMs) / ms))
    else if (ms < shortMs) this.#records = Math.min(this.#most, this.#records * 2)
  }
}
