import { describe, expect, test } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { explanationLines } from '../../src/cli/explain.ts'
import type { Provenance } from '../../src/knowledge/explain.ts'
import { fakePorts } from './fake-ports.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const found: Provenance = {
  document_id: 'd1',
  chunk_id: 'c1',
  source: 'events',
  uri: 'ticket:1',
  title: 'Leak',
  version: 4294967296,
  stored_at: '2026-11-25T20:00:00.000Z',
  job_id: 'job-1',
  traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  origin: 'upstream.documents/2/77',
  offset: 12,
  made_by: {
    code: '1.2.3',
    chunker_revision: 1,
    chunking: { strategy: 'markdown', chunk_size: 512, chunk_overlap: 64 },
    embedding: { provider: 'hashing', model: 'hashing-v1', dimensions: 384 },
    schemas: { Chunk: 'abcd' },
  },
}

const ask = async (one: Provenance | null) => {
  const ports = fakePorts()
  if (one) ports.stored.explained['kb/c1'] = one
  return createServer(ports).inject({ method: 'GET', url: '/api/knowledge-bases/kb/explain/c1' })
}

describe('GET /api/knowledge-bases/{kb_id}/explain/{id}', () => {
  test('tells trace, job, record and versions, with a link to the trace', async () => {
    const answer = await ask(found)
    expect(answer.statusCode).toBe(200)
    const { traceparent: _, ...rest } = found
    expect(answer.json()).toEqual({
      ...rest,
      kb_id: 'kb',
      trace_id: traceId,
      trace_url: `http://jaeger.test:16686/trace/${traceId}`,
      origin: { topic: 'upstream.documents', partition: 2, offset: 77 },
    })
  })

  test('says that nothing is known of what was stored before it was kept', async () => {
    const unknown = { job_id: null, traceparent: null, origin: null, made_by: null }
    expect((await ask({ ...found, ...unknown })).json()).toMatchObject({
      ...{ trace_id: null, trace_url: null, origin: null, job_id: null, made_by: null },
    })
  })

  test('answers 404 for an id that is not there', async () => {
    expect((await ask(null)).statusCode).toBe(404)
  })
})

test('for people it is a line each, without what there is not', async () => {
  const text = explanationLines((await ask(found)).json()).join('\n')
  expect(text).toContain(`http://jaeger.test:16686/trace/${traceId}`)
  expect(text).toContain('record 77 of upstream.documents, partition 2')
  expect(text).toContain('markdown 512/64 tokens, revision 1')
  const bare = { ...found, traceparent: null, origin: null, made_by: null }
  const without = explanationLines((await ask(bare)).json()).join('\n')
  expect(without).toContain('none: it was not traced')
  expect(without).not.toMatch(/see it at|schemas|began with/)
})
