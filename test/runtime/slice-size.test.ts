import { describe, expect, test } from 'vitest'
import { SliceSize } from '../../src/runtime/slice-size.ts'

const most = { records: 512, bytes: 1024 }

/** Works slices that take as long as `cost` says, in ms; the sizes, and how long each took. */
const worked = (cost: (records: number, slice: number) => number, slices = 60) => {
  const size = new SliceSize(most)
  return Array.from({ length: slices }, (_, i) => {
    const { records } = size
    const ms = cost(records, i)
    size.took(records, ms)
    return { records, ms }
  })
}
/** A model that takes so long for 256 texts or less, and as long again for more. */
const calls = (ms: number) => (records: number) => Math.ceil(records / 256) * ms

test('a quick stage soon takes as many records as it may', () => {
  expect(worked(n => 5 + n / 10).map(({ records }) => records)).toEqual([64, 128, 256, ...Array(57).fill(512)])
})

test('where each record costs, a slice takes about a second, also when that changes', () => {
  const slices = worked((n, i) => n * (i < 20 ? 0.4 : 40))
  expect(slices[19]!.records).toBe(512)
  expect(slices.slice(24).every(({ ms }) => ms > 250 && ms <= 1_000)).toBe(true)
})

test('one slow slice among quick ones is soon forgotten', () => {
  const slices = worked((n, i) => (i === 20 ? 6_000 : n / 10))
  expect(slices.slice(21, 25).map(({ records }) => records)).toEqual([85, 170, 340, 512])
})

describe('a model that takes seconds for any request', () => {
  test.each([1_500, 2_000, 20_000])('of %i ms is given most of what it can take at once', ms => {
    const slices = worked(calls(ms), 100)
    const rate = slices.reduce((sum, { records }) => sum + records, 0) / slices.reduce((sum, one) => sum + one.ms, 0)
    expect(rate / (256 / ms)).toBeGreaterThan(0.6)
  })

  test('that becomes quick gets large slices again', () => {
    const slices = worked((n, i) => (i < 30 ? calls(3_000)(n) : n / 10))
    expect(slices.at(-1)!.records).toBe(512)
  })
})

test('a slice that was short of records changes nothing', () => {
  const size = new SliceSize(most)
  size.took(64, 100)
  size.took(3, 5_000)
  size.took(1, 1)
  expect(size.records).toBe(128)
})
