import type { SliceLimits } from './lane-queue.ts'

/** A slice is meant to take no longer, in ms: what waits for it waits no longer, and progress is told as often. */
const longMs = 1_000
const firstRecords = 64
/** Slices for which a size that was found by trying is kept. */
const settledFor = 16

interface Took {
  readonly records: number
  readonly ms: number
}

/**
 * How much a lane's worker takes at once: it begins small, doubles while slices are short, and is cut to fit when one
 * was long. A stage with a slow model so tells its progress every second or two, one with a quick model pays little for
 * each transaction.
 *
 * Where slices take long however small they are, as with a model that needs seconds for any request, a cut would win
 * nothing and cost most of the work. So when one did not shorten the slice, the size climbs by doubling until that has
 * twice brought no more records a second; the best of them is kept for a while.
 */
export class SliceSize implements SliceLimits {
  readonly bytes: number
  readonly #most: number
  readonly #longMs: number
  #records: number
  /** The long slice that the size was cut after. */
  #cut: Took | null = null
  #climb: { best: Took; inVain: number } | null = null
  #settled = 0

  constructor(most: SliceLimits, long = longMs) {
    this.bytes = most.bytes
    this.#most = most.records
    this.#longMs = long
    this.#records = Math.min(most.records, firstRecords)
  }

  get records(): number {
    return this.#records
  }

  /** A slice of so many records took so long. One that was short of records says nothing of larger ones. */
  took(records: number, ms: number): void {
    if (2 * records < this.#records) return
    const now: Took = { records, ms }
    const cut = this.#cut
    this.#cut = null
    if (ms < this.#longMs / 4) this.#grow(now)
    else if (this.#climb) this.#climbOn(now, this.#climb)
    else if (ms <= this.#longMs || this.#settled-- > 0) return
    else if (cut && isQuicker(cut, now)) this.#climbOn(now, { best: now, inVain: -1 })
    else {
      this.#cut = now
      this.#records = Math.max(1, Math.floor(Math.max(records / 8, (records * this.#longMs) / ms)))
    }
  }

  #grow({ records }: Took): void {
    this.#climb = null
    this.#settled = 0
    this.#records = Math.min(this.#most, Math.max(this.#records, 2 * records))
  }

  #climbOn(now: Took, { best, inVain }: { best: Took; inVain: number }): void {
    const climb = isQuicker(now, best) ? { best: now, inVain: 0 } : { best, inVain: inVain + 1 }
    const larger = Math.min(this.#most, 2 * now.records)
    const over = climb.inVain === 2 || larger === now.records
    this.#climb = over ? null : climb
    this.#settled = over ? settledFor : 0
    this.#records = over ? climb.best.records : larger
  }
}

const rate = ({ records, ms }: Took): number => records / ms

/** Whether the larger slice did clearly more for its time: half of what it could at most. */
const isQuicker = (large: Took, small: Took): boolean =>
  rate(large) / rate(small) > Math.sqrt(large.records / small.records)
