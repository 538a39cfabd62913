import { expect, test } from 'vitest'
import { Reject } from '../../src/runtime/errors.ts'
import { type Rejected, settle } from '../../src/runtime/settle.ts'
import type { Stage } from '../../src/runtime/stage.ts'
import { untraced } from '../../src/runtime/tracing.ts'
import { deadLetters, documents, progressTopic } from '../../src/schemas/topics.ts'
import { localCodec } from '../../src/schemas/wire-codec.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { laneJob } from '../kit/line.ts'

const codec = localCodec([documents, deadLetters, progressTopic])
const value = {
  type: 'document',
  job_id: 'job-1',
  document_id: 'd1',
  version: 1,
  source: 'files',
  uri: 'file:///a.md',
  title: 'A',
} as const
const record = { key: 'd1', value: Buffer.alloc(100_000, 'x'), headers: {}, offset: 7, timestamp: 1 }
const stage = chunking()
const settled = (rejected: readonly Partial<Rejected>[]) => {
  const job = laneJob()
  const about = { job_id: job.job_id, document_id: 'd1', topic: documents.name }
  const { sends } = settle(codec, {
    stage: stage as unknown as Stage,
    job,
    lane: 0,
    slice: { first: 7, next: 8, records: [record] },
    inputs: [],
    outcomes: [],
    rejected: rejected.map(one => ({
      ...{ record, value: value as unknown as Rejected['value'], uri: null, reject: new Reject('odd', 'It is odd.') },
      ...one,
    })),
    ended: false,
    attempts: 3,
    said: { items: 0, rowDocuments: 0, total: null, message: null },
    ms: 1,
    trace: untraced.slice(about as never),
  })
  const of = <T extends typeof deadLetters | typeof progressTopic>(topic: T) =>
    sends
      .filter(send => send.topic === topic.name)
      .flatMap(({ records }) => records.map(one => codec.decode(topic, one.value)))
  return { letters: of(deadLetters), progress: of(progressTopic) }
}

test('the dead letter of a record has the beginning of it, 64 KiB at most, and a message that fits', () => {
  const { letters, progress } = settled([{ reject: new Reject('long', 'm'.repeat(10_000)) }])
  expect(letters).toMatchObject([
    { code: 'long', attempts: 3, offset: 7, uri: 'file:///a.md', document_id: 'd1', source: 'files' },
  ])
  const [letter] = letters as readonly { message: string; payload: Buffer }[]
  expect([letter!.message.length, letter!.payload.length]).toEqual([4096, 64 * 1024])
  expect(progress).toMatchObject([{ rejects: 1 }])
})

test('the dead letter of a part of a record names the part, and does not carry the record, of which there is one', () => {
  const parts = [1, 2, 3].map(row => ({ part: true as const, uri: `file:///a.csv#row=${row}` }))
  const { letters, progress } = settled(parts)
  expect(letters.map(one => 'uri' in one && [one.uri, one.payload])).toEqual(parts.map(({ uri }) => [uri, null]))
  expect(progress).toMatchObject([{ rejects: 3 }])
})
