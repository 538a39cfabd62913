import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import type { Embedder } from '../../src/models/model.ts'
import { Fatal, Reject, Wait } from '../../src/runtime/errors.ts'
import { isDiscard, type StageContext } from '../../src/runtime/stage.ts'
import type { Chunk } from '../../src/schemas/chunk.ts'
import type { DocumentEnd } from '../../src/schemas/document-end.ts'
import { vectors } from '../../src/schemas/topics.ts'
import { embedding } from '../../src/stages/embedding.ts'
import { vectorOf } from '../kit/embedding-server.ts'

const settings = { provider: 'openai', model: 'some-model', dimensions: 4 } as const

const context: StageContext = {
  job: {
    job_id: 'job',
    kb_id: 'kb',
    run: 1,
    attempt: 1,
    lanes: [0],
    sources: [],
    chunking: { strategy: 'markdown', chunk_size: 400, chunk_overlap: 0 },
    embedding: settings,
  },
  lane: 0,
  signal: new AbortController().signal,
  log: pino({ level: 'silent' }),
  total: () => undefined,
  count: () => undefined,
  say: () => undefined,
}

const chunk = (text: string): Chunk => ({
  type: 'chunk',
  job_id: 'job',
  document_id: 'doc',
  version: 1,
  chunk_id: `id of ${text}`,
  position: 0,
  offset: 0,
  heading_path: ['Title'],
  text,
  tokens: 3,
})
const end: DocumentEnd = {
  type: 'document_end',
  job_id: 'job',
  document_id: 'doc',
  source: 'source',
  uri: 'a.md',
  version: 1,
  title: 'A',
  media_type: 'text/markdown',
  content_hash: 'hash',
  metadata: {},
  part: 0,
  parts: 1,
  chunks: 2,
  deleted: false,
}

const fake = (embed: (texts: readonly string[]) => readonly Float32Array[]) => {
  const spy = vi.fn(async (texts: readonly string[]) => embed(texts))
  const embedder: Embedder = { model: 'some-model', dimensions: 4, embed: spy }
  const opened = vi.fn(() => embedder)
  return { stage: embedding(opened), spy, opened }
}
const all = (texts: readonly string[]) => texts.map(text => vectorOf(text, 4))
const refusing = (...bad: readonly string[]) =>
  fake(texts => {
    if (texts.some(text => bad.includes(text))) throw new Reject('provider_400', 'too long')
    return all(texts)
  })
const bytesOf = (text: string) => Buffer.from(vectorOf(text, 4).buffer)

test('turns chunks into vectors, all those of a slice in one call, and lets document ends pass in their place', async () => {
  const { stage, spy, opened } = fake(all)
  const outcomes = await stage.transform([chunk('one'), end, chunk('two')], context)
  const vector = (text: string) => ({ ...chunk(text), type: 'vector', model: 'some-model', embedding: bytesOf(text) })
  expect(outcomes).toEqual([
    [{ topic: vectors, key: 'doc', value: vector('one') }],
    [{ topic: vectors, key: 'doc', value: end }],
    [{ topic: vectors, key: 'doc', value: vector('two') }],
  ])
  expect(spy).toHaveBeenCalledExactlyOnceWith(['one', 'two'], context.signal)
  expect(opened).toHaveBeenCalledExactlyOnceWith(settings)
})

test('calls no model for a slice of document ends', async () => {
  const { stage, spy } = fake(all)
  expect(await stage.transform([end], context)).toEqual([[{ topic: vectors, key: 'doc', value: end }]])
  expect(spy).not.toHaveBeenCalled()
})

test('sends a refused chunk on as a stub, with a discard that says why, and embeds the others', async () => {
  const { stage } = refusing('bad', 'worse')
  const texts = ['a', 'b', 'bad', 'c', 'd', 'e', 'worse', 'f', 'g']
  const outcomes = await stage.transform(texts.map(chunk), context)
  expect(outcomes).toHaveLength(texts.length)
  for (const [i, text] of texts.entries()) {
    const outcome = outcomes[i]
    if (outcome === undefined || outcome instanceof Reject) return expect.unreachable('every chunk goes on')
    const emitted = outcome.flatMap(one => (isDiscard(one) ? [] : [one.value]))
    const discarded = outcome.flatMap(one => (isDiscard(one) ? [one.discard.code] : []))
    const refused = text === 'bad' || text === 'worse'
    expect(emitted).toMatchObject([{ text, embedding: refused ? Buffer.alloc(0) : bytesOf(text) }])
    expect(discarded).toEqual(refused ? ['provider_400'] : [])
  }
})

test('finds one refused chunk of a slice of 512 in a few calls', async () => {
  const texts = Array.from({ length: 512 }, (_, i) => `text ${i}`)
  const { stage, spy } = refusing('text 300')
  await stage.transform(texts.map(chunk), context)
  expect(spy.mock.calls.length).toBe(19)
})

test.each([
  ['a Fatal', new Fatal('provider_401', 'no key')],
  ['a Wait', new Wait('provider_429', 'slow down', 1000)],
  ['any other error', new Error('connection lost')],
])('lets %s through: it is not about a chunk', async (_, error) => {
  const { stage } = fake(() => {
    throw error
  })
  await expect(stage.transform([chunk('one'), chunk('two')], context)).rejects.toBe(error)
})

test.each([
  ['wrong in length', () => [new Float32Array([1, 2, 3])]],
  ['not finite', () => [new Float32Array([1, 2, 3, Number.NaN])]],
  ['too few', () => []],
  ['too many', () => [vectorOf('a', 4), vectorOf('b', 4)]],
])('passes no vectors on that are %s, whatever the embedder', async (_, answer) => {
  const { stage } = fake(answer)
  await expect(stage.transform([chunk('one')], context)).rejects.toMatchObject({ code: 'bad_vectors' })
})
