import { describe, expect, test } from 'vitest'
import type { RecordSchema } from '../../src/schemas/avro.ts'
import type { Chunk } from '../../src/schemas/chunk.ts'
import type { Progress } from '../../src/schemas/progress.ts'
import { chunks, documents, progressTopic, topics, vectors } from '../../src/schemas/topics.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import { localCodec, WireCodec } from '../../src/schemas/wire-codec.ts'

const chunk: Chunk = {
  type: 'chunk',
  job_id: 'job',
  document_id: 'd',
  version: 2 ** 40 + 1,
  chunk_id: 'c',
  position: 2 ** 20,
  offset: 0,
  heading_path: ['Überschrift', 'Two'],
  text: 'Text with 🦆',
  tokens: 4,
}
const progress: Progress = {
  type: 'progress',
  job_id: 'job',
  attempt: 1,
  stage: 'chunking',
  lane: 3,
  first: 0,
  next: 10,
  inputs: 9,
  items: 8,
  outputs: 20,
  rejects: 1,
  bytes: 1000,
  ms: 5,
  end_marks: 1,
  total: null,
  message: 'half way',
  branch_outputs: { rows: 7 },
  row_documents: 3,
}

describe('localCodec', () => {
  const codec = localCodec(topics)

  test('gives back what it was given: longs are numbers, optional fields bare, bytes Buffers', () => {
    expect(codec.decode(chunks, codec.encode(chunks, chunk))).toEqual(chunk)
    expect(codec.decode(progressTopic, codec.encode(progressTopic, progress))).toEqual(progress)
    const { type: _type, ...rest } = chunk
    const vector: Vector = {
      type: 'vector',
      ...rest,
      model: 'm',
      embedding: Buffer.from(new Float32Array([1, -2]).buffer),
    }
    const read = codec.decode(vectors, codec.encode(vectors, vector))
    expect(read).toEqual(vector)
    expect((read as Vector).embedding).toBeInstanceOf(Buffer)
  })

  test('writes the Confluent wire format: a zero, the id in four bytes, the Avro body', () => {
    const bytes = codec.encode(chunks, { type: 'end_mark', job_id: 'j' })
    expect(bytes[0]).toBe(0)
    expect(bytes.readUInt32BE(1)).toBeGreaterThan(0)
    expect(bytes.subarray(5)).toEqual(Buffer.from([0, 2, 0x6a]))
  })

  test('encodes values larger than its buffer, and small ones after them', () => {
    const large = { ...chunk, text: 'x'.repeat(3_000_000) }
    expect(codec.decode(chunks, codec.encode(chunks, large))).toEqual(large)
    expect(codec.decode(chunks, codec.encode(chunks, chunk))).toEqual(chunk)
  })

  test('does not hand out memory that a later value is written to', () => {
    const first = codec.encode(chunks, chunk)
    const copy = Buffer.from(first)
    codec.encode(chunks, { ...chunk, text: 'another text altogether' })
    expect(first).toEqual(copy)
  })

  test('names the path of each field that is wrong', () => {
    const wrong = { ...chunk, tokens: 'four', heading_path: ['One', 2], version: 2 ** 60 } as unknown as Chunk
    expect(() => codec.encode(chunks, wrong)).toThrow(
      expect.objectContaining({
        code: 'invalid_value',
        paths: expect.arrayContaining(['tokens', 'heading_path.1', 'version']),
      }),
    )
  })

  test('refuses a record type that the topic does not carry', () => {
    expect(() => codec.encode(documents, chunk as never)).toThrow(/documents carries no record of type chunk/)
    expect(() => codec.encode(documents, null as never)).toThrow(expect.objectContaining({ code: 'invalid_value' }))
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['too few bytes', Buffer.from([0, 0, 0])],
    ['another format', Buffer.from('{"type":"chunk"}')],
    ['an unknown schema', Buffer.from([0, 0xff, 0, 0, 1, 2, 3])],
    ['a body that was cut off', codec.encode(chunks, chunk).subarray(0, 20)],
  ])('refuses %s as undecodable', async (_what, bytes) => {
    await codec.prepare([bytes])
    expect(() => codec.decode(chunks, bytes)).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })
})

describe('WireCodec', () => {
  const newer = {
    ...chunks.records[0],
    fields: [...chunks.records[0].fields, { name: 'more', type: ['null', 'string'], default: null }],
  } as const satisfies RecordSchema
  const writer = new WireCodec([{ topic: 'chunks', schema: newer, id: 7 }], async () => null)
  const bytes = writer.encode(chunks, { ...chunk, more: 'new' } as Chunk)
  const own = { topic: 'chunks', schema: chunks.records[0], id: 3 }

  test('reads another version of a record by the schema that wrote it, fetched once', async () => {
    const asked: number[] = []
    const codec = new WireCodec([own], async id => {
      asked.push(id)
      return newer
    })
    expect(() => codec.decode(chunks, bytes)).toThrow(/Schema 7 .* was not prepared for/)
    await codec.prepare([bytes, bytes, codec.encode(chunks, chunk)])
    await codec.prepare([bytes])
    expect(codec.decode(chunks, bytes)).toEqual(chunk)
    expect(codec.decode(chunks, bytes)).toEqual(chunk)
    expect(asked).toEqual([7])
  })

  test('fills a field that did not exist yet with its default', async () => {
    const old = new WireCodec([own], async () => null).encode(chunks, chunk)
    const codec = new WireCodec([{ topic: 'chunks', schema: newer, id: 7 }], async () => own.schema)
    await codec.prepare([old])
    expect(codec.decode(chunks, old)).toEqual({ ...chunk, more: null })
  })

  test('fails to prepare while the registry cannot be asked, and asks again', async () => {
    let reachable = false
    const codec = new WireCodec([own], async () => {
      if (!reachable) throw new Error('unreachable')
      return newer
    })
    await expect(codec.prepare([bytes])).rejects.toThrow('unreachable')
    reachable = true
    await codec.prepare([bytes])
    expect(codec.decode(chunks, bytes)).toEqual(chunk)
  })

  test('refuses a known schema of a record type that the topic does not carry', async () => {
    const codec = new WireCodec([own], async () => documents.records[0])
    await codec.prepare([bytes])
    expect(() => codec.decode(chunks, bytes)).toThrow(/chunks carries no penstock.Document/)
  })
})
