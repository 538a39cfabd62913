/** How fast a phase has been of late. */
export interface Pace {
  readonly perSecond: number | null
  readonly at: number
}
export const paced = (before: Pace | null, items: number, at: number): Pace => {
  if (before === null || at <= before.at) return before ?? { perSecond: null, at }
  const now = (1000 * items) / (at - before.at)
  return { perSecond: before.perSecond === null ? now : 0.8 * before.perSecond + 0.2 * now, at }
}
export const resumed = (pace: Pace, at: number): Pace => ({ ...pace, at: Math.max(at, pace.at) })
export const rateOf = (pace: Pace, now: number): number | null => (now - pace.at > 60_000 ? null : pace.perSecond)
