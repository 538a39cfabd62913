const dayMs = 86_400_000

/**
 * Days since the end of 1899 (which counts a day that 1900 did not have), or since 1904, as ISO 8601; a time of day below
 * 1. Rounded to `unitMs`. The number itself where it is no date.
 */
export const dateOf = (days: number, from1904: boolean, unitMs: number): string => {
  if (!from1904 && Math.floor(days) === 60) return dateOf(days - 1, from1904, unitMs).replace('02-28', '02-29')
  const since = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30)
  const time = new Date(since + Math.round((days * dayMs) / unitMs) * unitMs)
  if (Number.isNaN(time.getTime())) return String(days)
  const [date, clock] = time.toISOString().replace('Z', '').replace('.000', '').split('T') as [string, string]
  if (days >= 0 && days < 1) return clock
  return clock === '00:00:00' ? date : `${date} ${clock}`
}

/** A date that a cell has as ISO 8601 already, without a time of zero. */
export const isoDateOf = (text: string): string =>
  text
    .trim()
    .replace('T', ' ')
    .replace(/Z$/, '')
    .replace(/ 00:00(?::00(?:\.0+)?)?$/, '')
