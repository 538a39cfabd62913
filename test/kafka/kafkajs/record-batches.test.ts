import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AbortedTransaction, readCommitted } from '../../../src/kafka/kafkajs/record-batches.ts'

const varint = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return [...bytes, rest]
}
const sized = (bytes: Buffer | null): Buffer =>
  bytes ? Buffer.concat([Buffer.from(varint(bytes.length)), bytes]) : Buffer.from(varint(-1))

interface BatchOptions {
  readonly base: number
  readonly keys?: readonly (string | Buffer)[]
  readonly producer?: number
  readonly attributes?: number
  /** The offset of the last record less the base; more than the records after compaction. */
  readonly lastDelta?: number
  readonly compress?: (bytes: Buffer) => Buffer
}

/** A record batch in Kafka's format 2, as apache/kafka DefaultRecordBatch lays it out; the checksum is left out. */
const batch = ({ base, keys = [], producer = -1, attributes = 0, lastDelta, compress }: BatchOptions): Buffer => {
  const records = Buffer.concat(
    keys.map((key, index) => {
      const body = Buffer.concat([
        Buffer.from([0, ...varint(index * 10), ...varint(index)]),
        sized(Buffer.from(key)),
        sized(Buffer.from('v')),
        Buffer.from([...varint(1), ...varint(1), 0x68]),
        sized(Buffer.from('x')),
      ])
      return Buffer.concat([Buffer.from(varint(body.length)), body])
    }),
  )
  const body = compress ? compress(records) : records
  const header = Buffer.alloc(61)
  header.writeBigInt64BE(BigInt(base), 0)
  header.writeInt32BE(header.length - 12 + body.length, 8)
  header[16] = 2
  header.writeInt16BE(attributes, 21)
  header.writeInt32BE(lastDelta ?? keys.length - 1, 23)
  header.writeBigInt64BE(1000n, 27)
  header.writeBigInt64BE(5000n, 35)
  header.writeBigInt64BE(BigInt(producer), 43)
  header.writeInt32BE(keys.length, 57)
  return Buffer.concat([header, body])
}
const marker = (base: number, producer: number, kind: 'abort' | 'commit'): Buffer =>
  batch({ base, producer, attributes: 0x30, keys: [Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0])] })

const keysOf = (bytes: Buffer, from = 0, aborted: readonly AbortedTransaction[] = []) =>
  readCommitted(bytes, from, aborted).records.map(({ key }) => key)

describe('readCommitted', () => {
  test('gives offsets, keys, values, headers and times of records', () => {
    expect(readCommitted(batch({ base: 7, keys: ['a', 'b'] }), 7, [])).toEqual({
      next: 9,
      records: [
        { offset: 7, key: 'a', value: Buffer.from('v'), headers: { h: 'x' }, timestamp: 1000 },
        { offset: 8, key: 'b', value: Buffer.from('v'), headers: { h: 'x' }, timestamp: 1010 },
      ],
    })
  })

  test('takes the time of the log where the topic says so', () => {
    expect(readCommitted(batch({ base: 0, keys: ['a'], attributes: 0x08 }), 0, []).records[0]!.timestamp).toBe(5000)
  })

  test('leaves out what is before the position, of a batch that starts there', () => {
    expect(keysOf(batch({ base: 0, keys: ['a', 'b', 'c'] }), 1)).toEqual(['b', 'c'])
  })

  test('stops before a batch that was cut off, and goes on there next time', () => {
    const first = batch({ base: 0, keys: ['a'] })
    const second = batch({ base: 1, keys: ['b'] })
    const whole = Buffer.concat([first, second])
    for (let length = first.length; length < whole.length; length++)
      expect(readCommitted(whole.subarray(0, length), 0, [])).toMatchObject({ next: 1, records: [{ key: 'a' }] })
  })

  test('moves over a batch that compaction has emptied', () => {
    expect(readCommitted(batch({ base: 3, lastDelta: 4 }), 3, [])).toEqual({ next: 8, records: [] })
  })

  test('moves over markers', () => {
    expect(readCommitted(marker(5, 1, 'commit'), 5, [])).toEqual({ next: 6, records: [] })
  })

  test('hides overlapping aborts that the broker lists by the time of their end', () => {
    const transactional = { attributes: 0x10 }
    const bytes = Buffer.concat([
      batch({ base: 0, keys: ['a1'], producer: 1, ...transactional }),
      batch({ base: 1, keys: ['b1'], producer: 2, ...transactional }),
      marker(2, 2, 'abort'),
      batch({ base: 3, keys: ['b2'], producer: 2, ...transactional }),
      marker(4, 1, 'abort'),
      marker(5, 2, 'commit'),
      batch({ base: 6, keys: ['a2'], producer: 1, ...transactional }),
      marker(7, 1, 'commit'),
    ])
    const byEnd = [
      { producerId: 2n, firstOffset: 1 },
      { producerId: 1n, firstOffset: 0 },
    ]
    expect(keysOf(bytes, 0, byEnd)).toEqual(['b2', 'a2'])
  })

  test('is not taken in by a record whose key looks like an abort marker', () => {
    const bytes = Buffer.concat([
      batch({ base: 0, keys: [Buffer.alloc(4), 'a1'], producer: 1, attributes: 0x10 }),
      marker(2, 1, 'abort'),
    ])
    expect(keysOf(bytes, 0, [{ producerId: 1n, firstOffset: 0 }])).toEqual([])
  })

  test.each([
    ['gzip', 1, gzipSync],
    ['zstd', 4, zstdCompressSync],
  ] as const)('reads %s', (_name, attributes, compress) => {
    expect(keysOf(batch({ base: 0, keys: ['a', 'b'], attributes, compress }))).toEqual(['a', 'b'])
  })

  test.each([
    ['snappy', 2],
    ['lz4', 3],
  ])('refuses %s by name', (name, attributes) => {
    expect(() => keysOf(batch({ base: 0, keys: ['a'], attributes }))).toThrow(name)
  })

  test('shows just what was committed, whatever the order of transactions and from wherever it is read', () => {
    const action = fc.record({
      producer: fc.integer({ min: 1, max: 4 }),
      does: fc.constantFrom('write', 'commit', 'abort'),
    })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.nat({ max: 60 }), (actions, seed) => {
        const log: Buffer[] = []
        const open = new Map<number, number[]>()
        const committed: number[] = []
        const aborted: AbortedTransaction[] = []
        const end = (producer: number, kind: 'commit' | 'abort') => {
          const written = open.get(producer)
          if (!written) return
          open.delete(producer)
          if (kind === 'commit') committed.push(...written)
          else aborted.push({ producerId: BigInt(producer), firstOffset: written[0]! })
          log.push(marker(log.length, producer, kind))
        }
        for (const { producer, does } of actions) {
          if (does !== 'write') {
            end(producer, does)
            continue
          }
          open.set(producer, [...(open.get(producer) ?? []), log.length])
          log.push(batch({ base: log.length, keys: [String(log.length)], producer, attributes: 0x10 }))
        }
        for (const producer of open.keys()) end(producer, 'abort')
        const from = log.length === 0 ? 0 : seed % log.length
        const { records, next } = readCommitted(
          Buffer.concat(log.slice(from)),
          from,
          aborted.filter(({ producerId, firstOffset }) => {
            const ends = log.findIndex(
              (bytes, at) =>
                at > firstOffset && bytes.readInt16BE(21) === 0x30 && bytes.readBigInt64BE(43) === producerId,
            )
            return ends >= from
          }),
        )
        expect(records.map(({ offset }) => offset)).toEqual(
          committed.filter(at => at >= from).toSorted((a, b) => a - b),
        )
        expect(next).toBe(log.length)
      }),
    )
  })
})
