import { describe, expect, it } from 'vitest'
import { searchAnswer } from '../../src/api/contract/answers.ts'
import { createServer } from '../../src/api/server.ts'
import type { Embedder } from '../../src/models/model.ts'
import { Fatal, Reject, Wait } from '../../src/runtime/errors.ts'
import { aHit, aKnowledgeBase, fakePorts } from './fake-ports.ts'

const search = (ports: ReturnType<typeof fakePorts>, body: object) =>
  createServer(ports).inject({
    method: 'POST',
    url: '/api/search',
    payload: { kb_id: 'handbook', query: 'keys', ...body },
  })

const withKb = (embed?: Embedder['embed']) => {
  const ports = fakePorts(embed === undefined ? {} : { embedder: settings => ({ ...settings, embed }) })
  ports.stored.knowledgeBases.push(aKnowledgeBase())
  ports.stored.hits.push(aHit())
  return ports
}

describe('POST /api/search', () => {
  it("embeds the query as the knowledge base's chunks were and gives the hits in order", async () => {
    const ports = withKb()
    const answer = await search(ports, { query: '  rotate keys ', top_k: 3, filters: { uri_prefix: 'file:///docs/' } })
    expect(answer.statusCode).toBe(200)
    expect(ports.asked.embedded).toEqual(['rotate keys'])
    expect(ports.asked.searches).toEqual([
      {
        kb: 'handbook',
        mode: 'hybrid',
        text: 'rotate keys',
        vector: new Float32Array(64).fill(0.5),
        topK: 3,
        filters: { uriPrefix: 'file:///docs/' },
      },
    ])
    expect(searchAnswer.parse(answer.json()).hits).toEqual([
      {
        score: 0.75,
        text: 'Rotate the keys\nevery month.',
        uri: 'file:///docs/keys.md',
        title: 'Keys',
        heading_path: ['Operations', 'Rotation'],
        position: 2,
        offset: 512,
        document_id: 'd'.repeat(32),
        chunk_id: 'c'.repeat(32),
        version: 4294967296,
        trace_id: null,
      },
    ])
  })

  it('asks no model in mode text', async () => {
    const ports = withKb()
    await search(ports, { mode: 'text' })
    expect(ports.asked.embedded).toEqual([])
    expect(ports.asked.searches).toMatchObject([{ mode: 'text', vector: null, topK: 10 }])
  })

  it('answers 404 for a knowledge base that is not', async () => {
    expect((await search(fakePorts(), {})).statusCode).toBe(404)
  })

  it('refuses an empty query and wrong filters together', async () => {
    const answer = await search(withKb(), { query: '  ', top_k: 101, mode: 'best', filters: { url: 'x' } })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().error.details.mistakes).toEqual([
      { path: 'query', message: 'must not be empty' },
      { path: 'top_k', message: 'must be at most 100' },
      { path: 'mode', message: 'must be one of "hybrid", "vector", "text"' },
      { path: 'filters.url', message: 'is no known field; known are source, uri_prefix, document_id' },
    ])
  })

  it.each([
    ['limited', new Wait('rate_limited', 'Limited.', 1500), 503, 'model_limited', '2'],
    ['refused', new Fatal('unauthorized', 'Wrong key.'), 502, 'model_refused', undefined],
    ['a query it will not take', new Reject('too_long', 'Too long.'), 422, 'invalid_request', undefined],
    ['away', new Error('socket hang up'), 503, 'model_unavailable', '5'],
  ])('tells what the model said when it is %s', async (_, error, status, code, retryAfter) => {
    const answer = await search(
      withKb(() => Promise.reject(error)),
      {},
    )
    expect(answer.statusCode).toBe(status)
    expect(answer.json().error.code).toBe(code)
    expect(answer.headers['retry-after']).toBe(retryAfter)
  })

  it('never searches with a vector of the wrong length', async () => {
    const ports = withKb(async () => [new Float32Array(63)])
    expect((await search(ports, {})).statusCode).toBe(503)
    expect(ports.asked.searches).toEqual([])
  })
})
