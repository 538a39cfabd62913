/** How fast a phase has been while it was free to work. Plain data, small: saved with the job. */
export interface Pace {
  /** Time of the newest report (ms of the Unix epoch); what lies before it is counted, or was a hold. */
  readonly at: number
  /** Milliseconds that the phase was free to work, since its first report. */
  readonly ms: number
  readonly items: number
  /** Earlier points of (ms, items), oldest first, a second apart at least. */
  readonly marks: readonly (readonly [number, number])[]
}

const apartMs = 1_000
/** With a second between them: the last half minute. */
const mostMarks = 30
/** A phase that reports nothing for so long has no rate, in ms. */
const silenceMs = 30_000

/** With a report of so many items; reports of several lanes may come slightly out of order. */
export const paced = (before: Pace | null, items: number, at: number): Pace => {
  // What the first report tells was done before it, nobody knows in which time.
  if (before === null) return { at, ms: 0, items: 0, marks: [[0, 0]] }
  const ms = before.ms + Math.max(0, at - before.at)
  const all = before.items + items
  const last = before.marks.at(-1)!
  const marks = ms - last[0] >= apartMs ? [...before.marks, [ms, all] as const].slice(-mostMarks) : before.marks
  return { at: Math.max(at, before.at), ms, items: all, marks }
}

/** The time up to `at` was a hold, and is not counted. */
export const resumed = (pace: Pace, at: number): Pace => ({ ...pace, at: Math.max(at, pace.at) })

/** Items per second of late, the silence since the newest report included; null where there is no ground for a rate. */
export const rateOf = (pace: Pace, now: number): number | null => {
  const silent = Math.max(0, now - pace.at)
  const [ms, items] = pace.marks[0]!
  const spent = pace.ms - ms + Math.max(0, silent - apartMs)
  return silent > silenceMs || spent < apartMs || pace.items === items ? null : (1000 * (pace.items - items)) / spent
}

/** Items per second over all its time, the silence since the newest report included, or null. */
export const meanRateOf = ({ ms, items, at }: Pace, now = at): number | null =>
  ms < apartMs || items === 0 ? null : (1000 * items) / (ms + Math.max(0, now - at - apartMs))

/** The longest time between two points of late, in ms, a second at least: how much may come at once. */
export const gapOf = ({ marks }: Pace): number =>
  Math.max(apartMs, ...marks.slice(1).map(([ms], i) => ms - marks[i]![0]))
