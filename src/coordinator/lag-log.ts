/** A place in a lane, and when it was first seen to be there. */
interface Mark {
  readonly end: number
  /** By the monotonic clock, in ms. */
  readonly at: number
}

/** Marks that are kept of a lane: past that, every second one goes, and ages become coarser. */
const mostMarks = 128

/**
 * How long the next record of a lane has been waiting. Kafka tells where a lane ends and not since when; so each look
 * remembers the end, and the age is that of the first look that saw the record. It is short by the time between two
 * looks at most, and begins anew with the process that looks.
 */
export class LagLog {
  readonly #marks = new Map<string, Mark[]>()

  /** Seconds that the record at `committed` has been there; 0 where there is none. */
  ageOf(lane: string, committed: number, end: number, now: number): number {
    const marks = (this.#marks.get(lane) ?? []).filter(mark => mark.end > committed)
    if (end <= committed) {
      this.#marks.delete(lane)
      return 0
    }
    if ((marks.at(-1)?.end ?? committed) < end) marks.push({ end, at: now })
    this.#marks.set(lane, marks.length > mostMarks ? marks.filter((_, i) => i % 2 === 0) : marks)
    return (now - marks[0]!.at) / 1000
  }

  /** Forgets lanes that are no longer looked at. */
  keep(lanes: ReadonlySet<string>): void {
    for (const lane of this.#marks.keys()) if (!lanes.has(lane)) this.#marks.delete(lane)
  }
}
