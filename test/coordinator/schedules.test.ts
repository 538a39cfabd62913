import { describe, expect, test } from 'vitest'
import { cronMistake, everySeconds, isTimezone, nextTime, type Refresh } from '../../src/coordinator/schedules.ts'

const at = (text: string) => new Date(text)
const every = (every_s: number): Refresh => ({ every_s, cron: null, timezone: null })
const cron = (pattern: string, timezone: string | null = null): Refresh => ({ every_s: null, cron: pattern, timezone })
const next = (refresh: Refresh, was: string, now = was) => nextTime(refresh, at(was), at(now)).toISOString()

test.each([
  ['1m', 60],
  ['15m', 900],
  ['6h', 21_600],
  ['366d', 31_622_400],
])('the interval %s is %i seconds', (text, seconds) => {
  expect(everySeconds(text)).toBe(seconds)
})

test.each(['', '0m', '30s', '367d', '15', 'm', '1.5h', '1h30m', ' 1h', '9999999m', '-1h'])(
  '%o is no interval',
  text => {
    expect(everySeconds(text)).toBeNull()
  },
)

describe('the next time', () => {
  test('of an interval is counted from when it was due, however late it is run', () => {
    expect(next(every(3600), '2026-11-25T10:00:00Z')).toBe('2026-11-25T11:00:00.000Z')
    expect(next(every(3600), '2026-11-25T10:00:00Z', '2026-11-25T10:59:59Z')).toBe('2026-11-25T11:00:00.000Z')
    expect(next(every(3600), '2026-11-25T10:00:00Z', '2026-11-25T11:00:00Z')).toBe('2026-11-25T12:00:00.000Z')
    expect(next(every(3600), '2026-11-20T10:00:00Z', '2026-11-25T10:20:00Z')).toBe('2026-11-25T11:00:00.000Z')
  })

  test('of a pattern is the first after now, in UTC or in its time zone, whatever was missed', () => {
    const was = '2026-01-01T00:00:00Z'
    expect(next(cron('0 3 * * *'), was, '2026-11-25T03:00:00Z')).toBe('2026-11-26T03:00:00.000Z')
    expect(next(cron('0 3 * * *', 'Europe/Berlin'), was, '2026-11-25T01:00:00Z')).toBe('2026-11-25T02:00:00.000Z')
    expect(next(cron('*/15 9-17 * * MON-FRI'), was, '2026-11-27T17:50:00Z')).toBe('2026-11-30T09:00:00.000Z')
  })

  test('of a night in which the clock is set forward is there, and one in which it is set back comes once', () => {
    const nightly = cron('30 2 * * *', 'Europe/Berlin')
    const forward = next(nightly, '2027-03-27T12:00:00Z')
    expect(forward.slice(0, 10)).toBe('2027-03-28')
    const back = next(nightly, '2026-10-24T12:00:00Z')
    expect(back.slice(0, 10)).toBe('2026-10-25')
    expect(next(nightly, back).slice(0, 10)).toBe('2026-10-26')
  })
})

test.each([
  ['61 * * * *', 'is no cron pattern of five fields'],
  ['* * * * * *', 'is no cron pattern of five fields'],
  ['daily', 'is no cron pattern of five fields'],
  ['', 'is no cron pattern of five fields'],
  ['0 0 30 2 *', 'names no time that comes'],
])('the pattern %o is refused: %s', (pattern, why) => {
  expect(cronMistake(pattern, null)).toContain(why)
})

test('a pattern of five fields and the name of a time zone are taken', () => {
  expect(cronMistake('0 3 * * SUN', 'America/New_York')).toBeNull()
  expect([isTimezone('Europe/Berlin'), isTimezone('UTC'), isTimezone('Mars/Olympus')]).toEqual([true, true, false])
})
