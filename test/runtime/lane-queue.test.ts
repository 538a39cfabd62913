import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LaneBatch } from '../../src/kafka/broker.ts'
import { LaneQueue } from '../../src/runtime/lane-queue.ts'

const record = (offset: number, bytes = 10) => ({
  offset,
  key: 'k',
  value: Buffer.alloc(bytes),
  headers: {},
  timestamp: 0,
})
const batch = (first: number, next: number, offsets: readonly number[], bytes = 10): LaneBatch => ({
  lane: 0,
  epoch: 1,
  first,
  next,
  records: offsets.map(offset => record(offset, bytes)),
})
const signal = new AbortController().signal

describe('LaneQueue', () => {
  test('slices touch one another and end after aborted records and markers', async () => {
    const queue = new LaneQueue(5, { records: 100, bytes: 1e6 })
    expect(queue.push(batch(5, 9, [5, 6]))).toBe(true)
    expect(await queue.take(signal)).toMatchObject({ first: 5, next: 9 })
    expect(queue.push(batch(9, 12, []))).toBe(true)
    expect(queue.push(batch(12, 14, [12, 13]))).toBe(true)
    expect(await queue.take(signal)).toMatchObject({ first: 9, next: 14 })
  })

  test('a batch that does not start where the last one ended is refused', () => {
    const queue = new LaneQueue(5, { records: 100, bytes: 1e6 })
    expect(queue.push(batch(6, 9, [6, 7]))).toBe(false)
    expect(queue.push(batch(5, 9, [6, 7]))).toBe(true)
    expect(queue.push(batch(5, 9, [6, 7]))).toBe(false)
  })

  test('a slice stays within its bytes, but takes one record whatever its size', async () => {
    const queue = new LaneQueue(0, { records: 100, bytes: 100 })
    queue.push(batch(0, 3, [0, 1, 2], 60))
    expect((await queue.take(signal)).records).toHaveLength(1)
    const big = new LaneQueue(0, { records: 100, bytes: 100 })
    big.push(batch(0, 1, [0], 1000))
    expect((await big.take(signal)).records).toHaveLength(1)
  })

  test('take waits for a delivery and ends with the signal', async () => {
    const queue = new LaneQueue(0, { records: 2, bytes: 100 })
    const waiting = queue.take(signal)
    queue.push(batch(0, 1, [0]))
    expect((await waiting).records).toHaveLength(1)
    const stop = new AbortController()
    const ended = queue.take(stop.signal)
    stop.abort(new Error('held'))
    await expect(ended).rejects.toThrow('held')
  })

  test('it is full at two slices or 4 MiB', () => {
    const queue = new LaneQueue(0, { records: 2, bytes: 1e9 })
    queue.push(batch(0, 3, [0, 1, 2]))
    expect(queue.full).toBe(false)
    queue.push(batch(3, 4, [3]))
    expect(queue.full).toBe(true)
    const heavy = new LaneQueue(0, { records: 1000, bytes: 1e9 })
    heavy.push(batch(0, 1, [0], 4 * 1024 * 1024))
    expect(heavy.full).toBe(true)
  })

  test('however batches and limits fall, every record comes once, in order, in touching slices', async () => {
    const shape = fc.array(fc.tuple(fc.nat(6), fc.nat(3)), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 60 }),
        async (parts, most, bytes) => {
          const queue = new LaneQueue(0, { records: most, bytes })
          const sent: number[] = []
          let at = 0
          for (const [count, gap] of parts) {
            const offsets = Array.from({ length: count }, (_, i) => at + i)
            sent.push(...offsets)
            queue.push(batch(at, at + count + gap, offsets))
            at += count + gap
          }
          const got: number[] = []
          let position = 0
          while (got.length < sent.length) {
            const slice = await queue.take(signal)
            expect(slice.first).toBe(position)
            expect(slice.records.length).toBeLessThanOrEqual(most)
            position = slice.next
            got.push(...slice.records.map(({ offset }) => offset))
            expect(slice.next).toBeGreaterThan(got.at(-1)!)
          }
          expect(got).toEqual(sent)
        },
      ),
    )
  })
})
