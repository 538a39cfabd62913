import { expect, test } from 'vitest'
import { documentId, versionOf } from '../../../src/schemas/identity.ts'
import type { LoadEvent } from '../../../src/schemas/load-event.ts'
import { documents } from '../../../src/schemas/topics.ts'
import { loading } from '../../../src/stages/loading.ts'
import { tryStage } from '../../kit/run-stage.ts'

const never = () => expect.unreachable('a stream reads no source and asks the store for nothing')
const stage = loading({ openSource: never, store: { listed: never } })
const job = { kind: 'stream', run: 4, lanes: [3, 5, 6], kb_id: 'kb' } as const
const event = (over: Partial<LoadEvent> = {}): LoadEvent => ({
  type: 'load_event',
  job_id: 'job-1',
  uri: 'u',
  title: '',
  media_type: 'text/markdown',
  text: '# Heading\n\nText.',
  metadata: { a: 'b' },
  language: 'en',
  deleted: false,
  upstream_partition: 0,
  upstream_offset: 9,
  traceparent: null,
  ...over,
})

test('an event is a document whose version is its place in the lane of the run, though its content is the same again', async () => {
  const tried = await tryStage(stage, [event(), event()], { job, firstPlace: 17 })
  const [first, second] = tried.of(documents)
  expect(first).toMatchObject({
    type: 'document',
    uri: 'u',
    source: 'events',
    title: 'Heading',
    language: 'en',
    part: 0,
    parts: 1,
  })
  expect([first, second].map(one => one?.type === 'document' && one.version)).toEqual([
    versionOf(4, 17),
    versionOf(4, 18),
  ])
  expect(tried.emissions.map(({ lane }) => lane)).toEqual([tried.emissions[0]!.lane, tried.emissions[0]!.lane])
  expect(job.lanes).toContain(tried.emissions[0]!.lane)
})

test('a document that is gone is one without parts and chunks', async () => {
  const tried = await tryStage(stage, [event({ deleted: true, text: '' })], { job })
  expect(tried.of(documents)).toMatchObject([
    { deleted: true, parts: 0, text: '', document_id: documentId('kb', 'events', 'u') },
  ])
})

test('a document without text is rejected by name, and the others go on', async () => {
  const tried = await tryStage(stage, [event({ text: ' \n' }), event({ uri: 'v' })], { job })
  expect(tried.rejects).toMatchObject([{ input: 0, uri: 'u', reject: { code: 'empty_document' } }])
  expect(tried.of(documents)).toMatchObject([{ uri: 'v' }])
})

test('a large document travels in parts of one version', async () => {
  const text = Array.from({ length: 9_000 }, (_, i) => `Paragraph ${i} of a long document about turbines.`).join('\n\n')
  const records = (await tryStage(stage, [event({ text })], { job })).of(documents)
  expect(records.length).toBeGreaterThan(1)
  expect(new Set(records.map(one => one.type === 'document' && one.version)).size).toBe(1)
})

test('a stream that has numbered all it can fails by name before a version could fall', async () => {
  await expect(tryStage(stage, [event()], { job, firstPlace: 2 ** 32 })).rejects.toMatchObject({ code: 'stream_full' })
})
