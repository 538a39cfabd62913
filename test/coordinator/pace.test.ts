import { describe, expect, test } from 'vitest'
import { gapOf, meanRateOf, type Pace, paced, rateOf, resumed } from '../../src/coordinator/pace.ts'

const t0 = 1_000_000
/** So many reports of ten items, one every so many ms. */
const pace = (reports: number, everyMs: number, from: Pace | null = null, at = t0): Pace => {
  let one = from
  for (let i = 0; i < reports; i++) one = paced(one, 10, at + i * everyMs)
  return one!
}

describe('the pace of a phase', () => {
  test('is items over time, without what the first report came with', () => {
    expect(rateOf(pace(11, 500), t0 + 5_000)).toBe(20)
    expect(meanRateOf(pace(11, 500))).toBe(20)
  })

  test('has no ground in one report, in less than a second, and after a long silence', () => {
    expect(rateOf(pace(1, 500), t0)).toBeNull()
    expect(rateOf(pace(2, 500), t0 + 500)).toBeNull()
    expect(rateOf(pace(11, 500), t0 + 5_000 + 31_000)).toBeNull()
  })

  test('is that of late: a slow beginning is forgotten after half a minute', () => {
    const slow = pace(20, 2_000)
    expect(rateOf(slow, slow.at)).toBe(5)
    const quick = pace(80, 500, slow, slow.at + 500)
    expect(rateOf(quick, quick.at)).toBeCloseTo(20, 0)
    expect(meanRateOf(quick)).toBeLessThan(15)
  })

  test('does not count the time of a hold', () => {
    const before = pace(11, 500)
    const after = pace(10, 500, resumed(before, before.at + 3_600_000), before.at + 3_600_500)
    expect(rateOf(after, after.at)).toBeCloseTo(20, 5)
  })

  test('falls while nothing is reported', () => {
    const one = pace(11, 500)
    expect(rateOf(one, one.at + 6_000)).toBe(10)
    expect(meanRateOf(one, one.at + 6_000)).toBe(10)
  })

  test('knows the longest time between its reports, and a hold is none', () => {
    const rare = pace(5, 4_000)
    expect(gapOf(rare)).toBe(4_000)
    expect(gapOf(pace(3, 4_000, resumed(rare, rare.at + 3_600_000), rare.at + 3_604_000))).toBe(4_000)
    expect(gapOf(pace(1, 500))).toBe(1_000)
  })

  test('takes reports of several lanes in any order', () => {
    const one = paced(paced(pace(3, 2_000), 10, t0 + 3_500), 10, t0 + 5_000)
    expect([one.at, one.ms, one.items]).toEqual([t0 + 5_000, 5_000, 40])
  })

  test('stays small however long the job runs, and survives JSON', () => {
    const long = pace(2_000, 1_000)
    expect(long.marks.length).toBeLessThanOrEqual(30)
    expect(JSON.parse(JSON.stringify(long))).toEqual(long)
  })
})
