import { expect, test, vi } from 'vitest'
import type { Embedder } from '../../src/models/model.ts'
import { Fatal, Reject, Wait } from '../../src/runtime/errors.ts'
import type { Chunk } from '../../src/schemas/chunk.ts'
import type { DocumentEnd } from '../../src/schemas/document-end.ts'
import { vectors } from '../../src/schemas/topics.ts'
import { embedding } from '../../src/stages/embedding.ts'
import { vectorOf } from '../kit/embedding-server.ts'
import { tryStage } from '../kit/run-stage.ts'

const settings = { provider: 'openai', model: 'some-model', dimensions: 4 } as const

const job = { embedding: settings }

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
  const { signal } = new AbortController()
  const { emissions, rejects } = await tryStage(stage, [chunk('one'), end, chunk('two')], { job, signal })
  const vector = (text: string) => ({ ...chunk(text), type: 'vector', model: 'some-model', embedding: bytesOf(text) })
  expect(emissions).toEqual([
    { topic: vectors, key: 'doc', value: vector('one') },
    { topic: vectors, key: 'doc', value: end },
    { topic: vectors, key: 'doc', value: vector('two') },
  ])
  expect(rejects).toEqual([])
  expect(spy).toHaveBeenCalledExactlyOnceWith(['one', 'two'], signal, expect.any(Function))
  expect(opened).toHaveBeenCalledExactlyOnceWith(settings)
})

test('calls no model for a slice of document ends', async () => {
  const { stage, spy } = fake(all)
  expect((await tryStage(stage, [end], { job })).of(vectors)).toEqual([end])
  expect(spy).not.toHaveBeenCalled()
})

test('sends a refused chunk on as a stub, says why, and embeds the others', async () => {
  const { stage } = refusing('bad', 'worse')
  const texts = ['a', 'b', 'bad', 'c', 'd', 'e', 'worse', 'f', 'g']
  const tried = await tryStage(stage, texts.map(chunk), { job })
  const isRefused = (text: string) => text === 'bad' || text === 'worse'
  expect(tried.of(vectors)).toMatchObject(
    texts.map(text => ({ text, embedding: isRefused(text) ? Buffer.alloc(0) : bytesOf(text) })),
  )
  expect(tried.rejects).toMatchObject([
    { input: 2, reject: { code: 'provider_400' } },
    { input: 6, reject: { code: 'provider_400' } },
  ])
})

test('a chunk on which the embedder breaks leaves a stub as well, so that its document is complete', async () => {
  const { stage } = fake(texts => {
    if (texts.includes('bad')) throw new TypeError('no such token')
    return all(texts)
  })
  const tried = await tryStage(stage, [chunk('a'), chunk('bad'), end], { job, last: true })
  expect(tried.of(vectors)).toMatchObject([
    { text: 'a', embedding: bytesOf('a') },
    { text: 'bad', embedding: Buffer.alloc(0) },
    { type: 'document_end' },
  ])
  expect(tried.rejects).toMatchObject([{ input: 1, reject: { code: 'failed_alone' } }])
})

test('an embedder that breaks on every chunk rejects none, though document ends pass', async () => {
  const { stage } = fake(() => {
    throw new TypeError('not a function')
  })
  await expect(tryStage(stage, [chunk('a'), chunk('b'), end], { job, last: true })).rejects.toThrow('not a function')
})

test('finds one refused chunk of a slice of 512 in a few calls', async () => {
  const texts = Array.from({ length: 512 }, (_, i) => `text ${i}`)
  const { stage, spy } = refusing('text 300')
  await tryStage(stage, texts.map(chunk), { job })
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
  await expect(tryStage(stage, [chunk('one'), chunk('two')], { job })).rejects.toBe(error)
})

test.each([
  ['wrong in length', () => [new Float32Array([1, 2, 3])]],
  ['not finite', () => [new Float32Array([1, 2, 3, Number.NaN])]],
  ['too few', () => []],
  ['too many', () => [vectorOf('a', 4), vectorOf('b', 4)]],
])('passes no vectors on that are %s, whatever the embedder', async (_, answer) => {
  const { stage } = fake(answer)
  await expect(tryStage(stage, [chunk('one')], { job })).rejects.toMatchObject({ code: 'bad_vectors' })
})
