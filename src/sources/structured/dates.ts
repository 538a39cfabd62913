/** A date or a time as it was read; what the pattern does not have is 0, or 1 for month and day. */
export interface ReadTime {
  /** YYYY-MM-DD. */
  readonly date: string
  /** HH:mm:ss with the fraction as it was written. */
  readonly time: string
  /** Z or ±HH:mm; null where the pattern has none. */
  readonly offset: string | null
}

export type ReadDate = (text: string) => ReadTime | null

const parts = ['year', 'month', 'name', 'day', 'hour', 'minute', 'second', 'fraction', 'offset'] as const
type Part = (typeof parts)[number]

const tokens: Readonly<Record<string, readonly [Part, string]>> = {
  YYYY: ['year', '\\d{4}'],
  MMM: ['name', '[A-Za-z]{3}'],
  MM: ['month', '\\d{2}'],
  M: ['month', '\\d{1,2}'],
  DD: ['day', '\\d{2}'],
  D: ['day', '\\d{1,2}'],
  HH: ['hour', '\\d{2}'],
  H: ['hour', '\\d{1,2}'],
  mm: ['minute', '\\d{2}'],
  ss: ['second', '\\d{2}'],
  SSS: ['fraction', '\\d{1,6}'],
  Z: ['offset', 'Z|[+-]\\d{2}:?\\d{2}'],
}
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const tokensOf = /YYYY|MMM|MM|M|DD|D|HH|H|mm|ss|SSS|Z|./gs

/** What is wrong with a pattern, or null. */
export const patternMistake = (pattern: string): string | null => {
  const found = (pattern.match(tokensOf) ?? []).flatMap(token => tokens[token]?.[0] ?? [])
  const twice = found.find((part, i) => found.indexOf(part) < i)
  if (twice !== undefined) return `names the ${twice} twice`
  if (found.includes('month') && found.includes('name')) return 'names the month twice'
  return found.includes('year') ? null : 'has no YYYY'
}

/** Reads by a pattern such as `DD.MM.YYYY HH:mm`. */
export const datesBy = (pattern: string): ReadDate => {
  const order: Part[] = []
  const source = pattern.replace(tokensOf, token => {
    const known = tokens[token]
    if (!known) return token.replace(/[.*+?^${}()|[\]\\/-]/, '\\$&')
    order.push(known[0])
    return `(${known[1]})`
  })
  return reader(new RegExp(`^${source}$`), order)
}

/** What ISO 8601 writes: the time may be left out, as may its seconds and their fraction. */
export const isoDates: ReadDate = reader(
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/,
  ['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction', 'offset'],
)

/** Group i of the form is part i of the order; groups by number cost a fraction of groups by name. */
function reader(form: RegExp, order: readonly Part[]): ReadDate {
  const [y, mo, name, d, h, mi, s, f, o] = parts.map(part => order.indexOf(part) + 1)
  return text => {
    const found = form.exec(text)
    if (!found) return null
    const at = (place: number | undefined) => (place ? found[place] : undefined)
    const year = at(y) ?? '1970'
    const month = name ? pad(months.indexOf(found[name]!.toLowerCase()) + 1) : two(at(mo) ?? '01')
    const day = two(at(d) ?? '01')
    if (year === '0000' || !isDay(Number(year), Number(month), Number(day))) return null
    const [hour, minute, second] = [two(at(h) ?? '00'), at(mi) ?? '00', at(s) ?? '00']
    if (hour > '23' || minute > '59' || second > '59') return null
    const fraction = at(f)
    const offset = at(o)
    if (offset !== undefined && offset !== 'Z' && (offset.slice(1, 3) > '14' || offset.slice(-2) > '59')) return null
    return {
      date: `${year}-${month}-${day}`,
      time: `${hour}:${minute}:${second}${fraction === undefined ? '' : `.${fraction}`}`,
      offset: offset ?? null,
    }
  }
}

const two = (digits: string): string => (digits.length === 1 ? `0${digits}` : digits)
const pad = (n: number): string => two(String(n))

const isDay = (year: number, month: number, day: number): boolean => {
  if (month < 1 || month > 12 || day < 1) return false
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31)
  return day <= (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28)
}
