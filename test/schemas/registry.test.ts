import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { RecordSchema } from '../../src/schemas/avro.ts'
import type { Codec } from '../../src/schemas/codec.ts'
import { openCodec, subjectOf } from '../../src/schemas/registry.ts'
import { chunks, type Topic, topics } from '../../src/schemas/topics.ts'
import { registryUrl } from '../kit/kafka.ts'

/** A topic of its own for a test, whose one record type has these fields besides its tag. */
const topicOf = (name: string, fields: RecordSchema['fields']): Topic => ({
  ...chunks,
  name,
  records: [
    {
      type: 'record',
      name: 'Thing',
      namespace: 'penstock',
      fields: [{ name: 'type', type: { type: 'enum', name: 'thing_type', symbols: ['thing'] } }, ...fields],
    },
  ],
})
const unique = () => `things.${randomUUID().slice(0, 8)}`
const a = { name: 'a', type: 'string' } as const
const optional = { name: 'b', type: ['null', 'string'], default: null } as const
const required = { name: 'b', type: 'string' } as const
const encode = (codec: Codec, topic: Topic, value: object) => codec.encode(topic, { type: 'thing', ...value } as never)

describe('openCodec', () => {
  test('registers every record type of every topic under its own subject, for many processes at once', async () => {
    const url = await registryUrl()
    const codecs = await Promise.all([1, 2, 3].map(() => openCodec({ url, topics })))
    const subjects = (await (await fetch(`${url}/subjects`)).json()) as string[]
    for (const topic of topics) for (const schema of topic.records) expect(subjects).toContain(subjectOf(topic, schema))
    expect(subjects).toContain('chunks-penstock.Chunk')
    const mark = { type: 'end_mark', job_id: 'j' } as const
    const [first, ...others] = codecs.map(codec => codec.encode(chunks, mark))
    for (const other of others) expect(other).toEqual(first)
    expect(codecs[1]!.decode(chunks, first!)).toEqual(mark)
    const config = await fetch(`${url}/config/chunks-penstock.Chunk`)
    expect(await config.json()).toMatchObject({ compatibilityLevel: 'BACKWARD' })
  })

  test('versions read each other, in a rolling upgrade', async () => {
    const url = await registryUrl()
    const name = unique()
    const [before, after] = [topicOf(name, [a]), topicOf(name, [a, optional])]
    const old = await openCodec({ url, topics: [before] })
    const upgraded = await openCodec({ url, topics: [after] })
    const [written, rewritten] = [encode(old, before, { a: '1' }), encode(upgraded, after, { a: '1', b: '2' })]
    await Promise.all([old.prepare([rewritten]), upgraded.prepare([written])])
    expect(upgraded.decode(after, written)).toEqual({ type: 'thing', a: '1', b: null })
    expect(old.decode(before, rewritten)).toEqual({ type: 'thing', a: '1' })
    await openCodec({ url, topics: [before] })
  })

  test('refuses to start with a schema that could not read older records, naming subject and reason', async () => {
    const url = await registryUrl()
    const name = unique()
    await openCodec({ url, topics: [topicOf(name, [a])] })
    await expect(openCodec({ url, topics: [topicOf(name, [a, required])] })).rejects.toMatchObject({
      code: 'schema_refused',
      message: expect.stringMatching(new RegExp(`new schema of ${name}-penstock\\.Thing: .*ncompatible.* b .*default`)),
    })
  })

  test('gives a subject its rule that was left without one', async () => {
    const url = await registryUrl()
    const name = unique()
    const topic = topicOf(name, [a])
    const subject = subjectOf(topic, topic.records[0]!)
    await fetch(`${url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(topic.records[0]) }),
    })
    await openCodec({ url, topics: [topic] })
    await expect(openCodec({ url, topics: [topicOf(name, [a, required])] })).rejects.toMatchObject({
      code: 'schema_refused',
    })
  })

  test('says of an id that the registry does not have that it is undecodable, not that the registry is down', async () => {
    const url = await registryUrl()
    const codec = await openCodec({ url, topics: [chunks] })
    const bytes = codec.encode(chunks, { type: 'end_mark', job_id: 'j' })
    bytes.writeUInt32BE(2_000_000_000, 1)
    await codec.prepare([bytes])
    expect(() => codec.decode(chunks, bytes)).toThrow(/2000000000 .* not in the registry/)
  })

  test('waits for a registry that is starting', async () => {
    const url = new URL(await registryUrl())
    let asked = 0
    const starting = createServer((request, response) => {
      const chunksOfBody: Buffer[] = []
      request.on('data', (bytes: Buffer) => chunksOfBody.push(bytes))
      request.on('end', () => {
        if (asked++ < 3) {
          response.writeHead(503).end()
          return
        }
        fetch(new URL(`${url.pathname}${request.url}`, url), {
          method: request.method!,
          headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
          ...(chunksOfBody.length > 0 ? { body: Buffer.concat(chunksOfBody) } : {}),
        }).then(
          async answer =>
            response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text()),
          () => response.destroy(),
        )
      })
    })
    await new Promise<void>(resolve => starting.listen(0, '127.0.0.1', resolve))
    const { port } = starting.address() as AddressInfo
    const topic = topicOf(unique(), [a])
    const codec = await openCodec({ url: `http://127.0.0.1:${port}`, topics: [topic] })
    expect(codec.decode(topic, encode(codec, topic, { a: 'x' }))).toEqual({ type: 'thing', a: 'x' })
    expect(asked).toBeGreaterThan(3)
    starting.closeAllConnections()
    await new Promise(resolve => starting.close(resolve))
    await expect(
      openCodec({ url: `http://127.0.0.1:${port}`, topics: [topic], patienceMs: 200 }),
    ).rejects.toMatchObject({
      code: 'registry_unreachable',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })
})
