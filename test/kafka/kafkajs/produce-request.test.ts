import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { requests } from '../../../src/kafka/kafkajs/internals.ts'
import { encodeProduce, type ProducePayload } from '../../../src/kafka/kafkajs/produce-request.ts'
import { readCommitted } from '../../../src/kafka/kafkajs/record-batches.ts'

const now = 1_790_000_000_123

afterEach(() => {
  vi.useRealTimers()
})

/** What KafkaJS makes of it. */
const encodedByKafkaJs = async (payload: ProducePayload): Promise<Buffer> => {
  vi.useFakeTimers({ now, toFake: ['Date'] })
  const { request } = requests.Produce!.protocol({ version: 7 })(payload)
  return (await request.encode()).buffer
}

const textOf = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength })
const record = fc.record(
  {
    key: textOf(200),
    value: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    headers: fc.dictionary(textOf(20), textOf(200), { maxKeys: 3, noNullPrototype: true }),
  },
  { requiredKeys: ['key', 'value'] },
)
/** Runs of records that have their headers in common, as those of one document do. */
const run = fc
  .tuple(fc.array(record, { minLength: 1, maxLength: 30 }), fc.boolean())
  .map(([records, common]) => (common ? records.map(one => ({ ...one, headers: records[0]!.headers ?? {} })) : records))
const partition = fc.record({
  partition: fc.nat(1000),
  firstSequence: fc.nat(),
  messages: fc.array(run, { minLength: 1, maxLength: 4 }).map(runs => runs.flat()),
})
const payloads: fc.Arbitrary<ProducePayload> = fc.record({
  transactionalId: fc.string({ minLength: 1, maxLength: 40 }),
  producerId: fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String),
  producerEpoch: fc.nat(32_767),
  acks: fc.constant(-1),
  timeout: fc.constant(30_000),
  topicData: fc.array(
    fc.record({
      topic: fc.string({ minLength: 1, maxLength: 40 }),
      partitions: fc.array(partition, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})

test('a Produce request is encoded byte by byte as KafkaJS does', async () => {
  await fc.assert(
    fc.asyncProperty(payloads, async payload => {
      expect(encodeProduce(payload, now).toString('hex')).toBe((await encodedByKafkaJs(payload)).toString('hex'))
    }),
    { numRuns: 200 },
  )
})

test('records whose lengths take several bytes are encoded as KafkaJS does', async () => {
  const lengths = [0, 63, 64, 8191, 8192, 70_000, 1_048_576]
  const messages = lengths.map(length => ({
    key: 'ä'.repeat(Math.min(length, 9_000)),
    value: Buffer.alloc(length, 7),
    headers: { h: 'x'.repeat(Math.min(length, 9_000)) },
  }))
  const payload = {
    transactionalId: 'embedding-1',
    producerId: '42',
    producerEpoch: 3,
    acks: -1,
    timeout: 30_000,
    topicData: [{ topic: 'chunks', partitions: [{ partition: 5, firstSequence: 2 ** 31 - 1, messages }] }],
  }
  expect(encodeProduce(payload, now).equals(await encodedByKafkaJs(payload))).toBe(true)
})

test('what is written is what is read; equal headers in a row are one object then', () => {
  const headers = { traceparent: '00-1-2-01', origin: 'documents/3/7' }
  const value = Buffer.from('one')
  const messages = [
    { key: 'a', value, headers },
    { key: 'b', value, headers },
    { key: 'c', value, headers: { ...headers } },
    { key: 'd', value, headers: { ...headers, origin: 'documents/3/8' } },
    { key: 'ü', value: Buffer.alloc(0) },
    { key: 'e', value, headers },
  ]
  const payload = {
    transactionalId: 'a',
    producerId: '1',
    producerEpoch: 0,
    acks: -1,
    timeout: 1,
    topicData: [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages }] }],
  }
  const body = encodeProduce(payload, now)
  const batch = body.subarray(2 + 1 + 2 + 4 + 4 + 2 + 1 + 4 + 4 + 4)
  const { records } = readCommitted(batch, 0, [])
  expect(records).toEqual(
    messages.map((message, offset) => ({ offset, timestamp: now, ...message, headers: message.headers ?? {} })),
  )
  const [a, b, c, d, , e] = records.map(one => one.headers)
  expect(b).toBe(a)
  expect(c).toBe(a)
  expect(d).not.toBe(a)
  expect(e).not.toBe(a)
})
