import { describe, expect, test } from 'vitest'
import { readEvent } from '../../src/intake/read-event.ts'
import { topics, upstreamDocuments } from '../../src/schemas/topics.ts'
import type { UpstreamDocument } from '../../src/schemas/upstream-document.ts'
import { localCodec } from '../../src/schemas/wire-codec.ts'

const codec = localCodec(topics)
const read = (key: string, value: Buffer | string | null, headers: Record<string, string> = {}) => {
  const bytes = value === null ? Buffer.alloc(0) : Buffer.from(value)
  return readEvent({ key, value: bytes, headers, offset: 7, timestamp: 1 }, codec, 3)
}
const json = (key: string, value: object, headers?: Record<string, string>) => read(key, JSON.stringify(value), headers)
const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const whole: UpstreamDocument = {
  type: 'upstream_document',
  kb_id: 'kb',
  uri: 'u',
  title: 'T',
  media_type: 'text/markdown',
  text: '# Text',
  metadata: { a: 'b' },
  language: 'en',
  deleted: false,
  occurred_at: '2026-11-25T10:00:00+01:00',
}
const event = {
  type: 'load_event',
  uri: 'u',
  title: 'T',
  media_type: 'text/markdown',
  text: '# Text',
  metadata: { a: 'b', occurred_at: '2026-11-25T10:00:00+01:00' },
  language: 'en',
  deleted: false,
  upstream_partition: 3,
  upstream_offset: 7,
  traceparent: trace,
}

describe('an upstream record', () => {
  test('is the same as Avro and as JSON', () => {
    const headers = { traceparent: trace }
    expect(read('u', codec.encode(upstreamDocuments, whole), headers)).toEqual({ kbId: 'kb', event })
    expect(json('u', whole, headers)).toEqual({ kbId: 'kb', event })
    const { type: _, ...untyped } = whole
    expect(json('u', untyped, headers)).toEqual({ kbId: 'kb', event })
  })

  test('needs a kb, a uri and a text as JSON, and has defaults for the rest', () => {
    const plain = { title: '', media_type: 'text/plain', text: 'x', metadata: {}, language: null, traceparent: null }
    expect(json('u', { kb_id: 'kb', uri: 'u', text: 'x' })).toEqual({ kbId: 'kb', event: { ...event, ...plain } })
  })

  test('deletes by the field deleted, or without a value by its key and the header kb_id', () => {
    const deleted = { kbId: 'kb', event: { uri: 'u', deleted: true, text: '' } }
    expect(json('u', { kb_id: 'kb', uri: 'u', text: 'left', deleted: true })).toMatchObject(deleted)
    expect(read('u', null, { kb_id: 'kb' })).toMatchObject(deleted)
  })

  test.each([
    ['a record without a value or a header', read('u', null), null, 'invalid_event', /header kb_id: kb_id: /],
    ['one without a value or a key', read('', null, { kb_id: 'kb' }), null, 'invalid_event', /key: must not be empty/],
    ['bytes that are nothing', read('u', 'x'), null, 'undecodable', /neither Avro .* nor JSON/],
    [
      'Avro of a schema that nobody knows',
      read('u', Buffer.from([0, 0, 0, 9, 9, 1])),
      null,
      'undecodable',
      /Schema 2313/,
    ],
    [
      'a key that is not the uri',
      json('k', { kb_id: 'kb', uri: 'u', text: 'x' }),
      'kb',
      'invalid_event',
      /must be the uri/,
    ],
    [
      'a bad name of a kb',
      json('u', { kb_id: 'K B', uri: 'u', text: 'x' }),
      null,
      'invalid_event',
      /kb_id: must be 1 to 64/,
    ],
    ['no text', json('u', { kb_id: 'kb', uri: 'u' }), 'kb', 'invalid_event', /text: is missing/],
    ['a list', json('u', []), null, 'invalid_event', /record: /],
    ['more than fits', read('u', Buffer.alloc(8_000_001, 'x')), null, 'too_large', /8000001 bytes/],
  ])('is refused where it is %s', (_, found, kbId, code, message) => {
    expect(found).toEqual({ kbId, refused: { code, message: expect.stringMatching(message) } })
  })

  test('is refused with every mistake at once, each by its path', () => {
    const found = json('u', { kb_id: 'kb', uri: 'u', text: 3, metadata: { n: 1 }, occurred_at: 'yesterday', speed: 1 })
    const { message } = (found as { refused: { message: string } }).refused
    for (const part of ['text: ', 'metadata.n: ', 'occurred_at: must be ISO 8601', 'speed'])
      expect(message).toContain(part)
  })

  test('is refused in a message that fits a dead letter, however much of it is wrong', () => {
    const metadata = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`${'k'.repeat(300)}${i}`, i]))
    const { message } = (json('u', { kb_id: 'kb', uri: 'u', text: 'x', metadata }) as { refused: { message: string } })
      .refused
    expect(message).toMatch(/metadata\.k+: /)
    expect(message.length).toBe(4096)
  })

  test('keeps no trace context that is none', () => {
    for (const traceparent of ['', 'x', trace.slice(1), trace.replace(/[0-9a-f]{32}/, '0'.repeat(32))])
      expect(json('u', { kb_id: 'kb', uri: 'u', text: 'x' }, { traceparent })).toMatchObject({
        event: { traceparent: null },
      })
  })
})
