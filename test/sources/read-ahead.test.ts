import { expect, test } from 'vitest'
import { readAhead } from '../../src/sources/read-ahead.ts'

const items = [1, 2, 3, 4, 5, 6, 7]
const nothing = async () => undefined
const one = async () => 1
const lotsOf = (items: number) => ({ atOnce: 2, sizeAtOnce: 100, items, size: 100 })

test('every item is read and parsed, in order', async () => {
  const lots = []
  const double = async (one: number) => one * 2
  for await (const lot of readAhead(items, lotsOf(4), one, double, async one => `${one}`)) lots.push(lot)
  expect(lots).toEqual([
    ['2', '4', '6', '8'],
    ['10', '12', '14'],
  ])
  for await (const _ of readAhead([], lotsOf(4), one, double, double)) expect.unreachable()
})

test('a lot ends when there is much in it', async () => {
  const sizes = []
  for await (const lot of readAhead(items, lotsOf(6), async () => 50, nothing, nothing)) sizes.push(lot.length)
  expect(sizes).toEqual([2, 2, 2, 1])
})

test('what is large is not read beside others', async () => {
  const lots: (readonly number[])[] = []
  const sizes = [90, 20, 500, 60, 40, 10, 90]
  const same = async (size: number) => size
  for await (const lot of readAhead(sizes, { ...lotsOf(6), atOnce: 4 }, same, same, same)) lots.push(lot)
  expect(lots).toEqual([[90, 20], [500], [60, 40], [10, 90]])
})

test('one lot is read while the one before is parsed, and none further', async () => {
  const read: number[] = []
  const { promise: parsed, resolve } = Promise.withResolvers<void>()
  const { promise: readSecond, resolve: second } = Promise.withResolvers<void>()
  const lots = readAhead(
    items,
    lotsOf(2),
    one,
    async item => {
      read.push(item)
      if (read.length === 4) second()
    },
    () => parsed,
  )
  const first = lots.next()
  await readSecond
  expect(read).toEqual([1, 2, 3, 4])
  resolve()
  await first
  expect(read).toEqual([1, 2, 3, 4])
})

test('what reading or parsing throws is thrown', async () => {
  const gone = async () => {
    throw new Error('gone')
  }
  await expect(readAhead(items, lotsOf(2), one, gone, nothing).next()).rejects.toThrow('gone')
  await expect(readAhead(items, lotsOf(2), one, nothing, gone).next()).rejects.toThrow('gone')
})
