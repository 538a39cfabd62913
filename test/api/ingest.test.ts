import { describe, expect, it } from 'vitest'
import { jobStatus } from '../../src/api/contract/answers.ts'
import { errorBody } from '../../src/api/contract/errors.ts'
import { createServer } from '../../src/api/server.ts'
import { Fatal } from '../../src/runtime/errors.ts'
import { aJob, aKnowledgeBase, fakePorts } from './fake-ports.ts'

const docs = { type: 'markdown', path: '/docs' }
const post = (ports: ReturnType<typeof fakePorts>, payload: object, url = '/ingest') =>
  createServer(ports).inject({ method: 'POST', url, payload })

describe('POST /ingest', () => {
  it('admits a job with the defaults for what is left out and says where to follow it', async () => {
    const ports = fakePorts()
    const answer = await post(ports, { kb_id: 'handbook', sources: [docs] })
    expect(answer.statusCode).toBe(202)
    expect(answer.json()).toEqual({ job_id: 'job-1', kb_id: 'handbook', status: 'pending' })
    expect(answer.headers.location).toBe('/ingest/job-1')
    expect(ports.asked.submissions).toEqual([
      {
        kb_id: 'handbook',
        sources: [docs],
        chunking: { strategy: 'markdown', chunk_size: 512, chunk_overlap: 64 },
        chunking_open: true,
        embedding: { provider: 'hashing', model: 'hashing-v1', dimensions: 384 },
        parallelism: 2,
        priority: 0,
        schedule: [{ source: 'markdown:id', spec: docs, refresh: null }],
      },
    ])
  })

  it('makes a stream of events, which cannot stand beside another source', async () => {
    const ports = fakePorts()
    expect((await post(ports, { kb_id: 'tickets', sources: [{ type: 'events' }] })).statusCode).toBe(202)
    expect(ports.asked.submissions[0]).toMatchObject({ sources: [{ type: 'events' }] })
    const answer = await post(ports, { kb_id: 'tickets', sources: [docs, { type: 'events' }] })
    expect(answer.statusCode).toBe(422)
    expect(errorBody.parse(answer.json()).error.details).toMatchObject({
      mistakes: [{ path: 'sources', message: expect.stringContaining('events cannot stand beside another source') }],
    })
  })

  it("takes an existing knowledge base's own settings for what is left out", async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    await post(ports, { kb_id: 'handbook', sources: [docs], parallelism: 5 })
    expect(ports.asked.submissions[0]).toMatchObject({ ...settingsOf(aKnowledgeBase()), parallelism: 5 })
  })

  it('overlaps chunks by an eighth of their size unless told otherwise', async () => {
    const ports = fakePorts()
    await post(ports, { kb_id: 'handbook', sources: [docs], chunking: { chunk_size: 40 } })
    expect(ports.asked.submissions[0]?.chunking).toEqual({ strategy: 'markdown', chunk_size: 40, chunk_overlap: 5 })
  })

  it('names every mistake at once, those of the schema and those of the sources', async () => {
    const ports = fakePorts({
      checkSource: async source => [
        { path: 'path', message: `${'path' in source ? source.path : ''} is outside the allowed roots` },
      ],
    })
    const answer = await post(ports, {
      kb_id: 'Hand Book',
      sources: [
        { type: 'markdown', path: '/etc' },
        { type: 'gopher' },
        { type: 'markdown', path: 3, depth: 1 },
        'docs',
        docs,
      ],
      chunking: { chunk_size: 64, chunk_overlap: 64, size: 1 },
      embedding: { provider: 'openai', dimensions: 9.5 },
      parallelism: 17,
      priority: 'high',
      speed: 'fast',
    })
    expect(answer.statusCode).toBe(422)
    const { error } = errorBody.parse(answer.json())
    expect(error.code).toBe('invalid_request')
    const { mistakes } = error.details as { mistakes: { path: string; message: string }[] }
    expect(new Map(mistakes.map(one => [one.path, one.message]))).toEqual(
      new Map([
        ['kb_id', expect.stringContaining('lower-case letters')],
        ['sources[0].path', '/etc is outside the allowed roots'],
        ['sources[1].type', expect.stringMatching(/^must be one of "markdown", "local_files"/)],
        ['sources[2].path', 'must be a string, not 3'],
        ['sources[2].depth', expect.stringMatching(/^is no known field; known are type, path/)],
        ['sources[3]', 'must be an object, not a string'],
        ['sources[4].path', '/docs is outside the allowed roots'],
        ['chunking.chunk_overlap', 'must be smaller than chunk_size (64)'],
        ['chunking.size', 'is no known field; known are strategy, chunk_size, chunk_overlap'],
        ['embedding.model', 'is required'],
        ['embedding.dimensions', 'must be an integer, not 9.5'],
        ['parallelism', 'must be at most 16, the lanes of this line'],
        ['priority', 'must be a number, not a string'],
        ['speed', expect.stringContaining('is no known field; known are kb_id, sources')],
      ]),
    )
    expect(mistakes).toHaveLength(14)
    expect(ports.asked.submissions).toEqual([])
  })

  it.each([
    ['no body', undefined, 'body', 'is required'],
    ['a list', [], 'body', 'must be an object, not an array'],
    ['no sources', { kb_id: 'a', sources: [] }, 'sources', 'needs at least one source'],
    ['33 sources', { kb_id: 'a', sources: Array(33).fill(docs) }, 'sources', 'takes at most 32 sources'],
    [
      'a NUL',
      { kb_id: 'a', sources: [{ ...docs, path: '/a\0b' }] },
      'sources[0].path',
      'must not contain a NUL character',
    ],
  ])('refuses %s', async (_, payload, path, message) => {
    const answer = await post(fakePorts(), payload as object)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().error.details.mistakes).toContainEqual({ path, message })
  })

  it('answers 409 with the unfinished job of the knowledge base', async () => {
    const ports = fakePorts()
    ports.stored.admission = { outcome: 'conflict', job_id: 'job-7', status: 'paused' }
    const answer = await post(ports, { kb_id: 'handbook', sources: [docs] })
    expect(answer.statusCode).toBe(409)
    expect(errorBody.parse(answer.json())).toMatchObject({
      job_id: 'job-7',
      error: { code: 'job_unfinished', details: { job_id: 'job-7', status: 'paused' } },
    })
  })

  it('answers 409 when the vectors of the knowledge base could not be mixed with the new ones', async () => {
    const ports = fakePorts()
    ports.stored.admission = { outcome: 'settings_conflict', message: 'It has 64 dimensions.' }
    const answer = await post(ports, { kb_id: 'handbook', sources: [docs] })
    expect(answer.statusCode).toBe(409)
    expect(answer.json().error).toMatchObject({ code: 'settings_conflict', message: 'It has 64 dimensions.' })
  })

  it('answers 503 with Retry-After when the queue is full', async () => {
    const ports = fakePorts()
    ports.stored.admission = { outcome: 'queue_full', retry_after_s: 29.2 }
    const answer = await post(ports, { kb_id: 'handbook', sources: [docs] })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('30')
    expect(answer.json().error.code).toBe('queue_full')
  })

  it('refuses a model that this installation cannot ask, before anything is loaded', async () => {
    const ports = fakePorts({
      embedder: () => {
        throw new Fatal('no_api_key', 'Set OPENAI_API_KEY.')
      },
    })
    const embedding = { provider: 'openai', model: 'text-embedding-3-small', dimensions: 256 }
    const answer = await post(ports, { kb_id: 'handbook', sources: [docs], embedding })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().error.details.mistakes).toEqual([{ path: 'embedding', message: 'Set OPENAI_API_KEY.' }])
    expect(ports.asked.submissions).toEqual([])
  })
})

describe('POST /api/ingestion/kb/{kb_id}/start', () => {
  it('takes the knowledge base from the path', async () => {
    const ports = fakePorts()
    const answer = await post(ports, { sources: [docs] }, '/api/ingestion/kb/handbook/start')
    expect(answer.statusCode).toBe(202)
    expect(ports.asked.submissions[0]?.kb_id).toBe('handbook')
  })

  it('names mistakes of the path and of the body together', async () => {
    const answer = await post(fakePorts(), { kb_id: 'b' }, '/api/ingestion/kb/Hand/start')
    expect(answer.statusCode).toBe(422)
    const paths = answer.json().error.details.mistakes.map((one: { path: string }) => one.path)
    expect(paths.sort()).toEqual(['kb_id', 'params.kb_id', 'sources'])
  })
})

describe('GET /ingest/{job_id}', () => {
  it.each([
    ['pending', 202],
    ['running', 202],
    ['paused', 202],
    ['completed', 200],
    ['failed', 200],
    ['cancelled', 200],
  ] as const)('answers for a %s job with %i', async (status, expected) => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob({ status }))
    const answer = await createServer(ports).inject('/ingest/job-1')
    expect(answer.statusCode).toBe(expected)
    expect(jobStatus.parse(answer.json())).toEqual(aJob({ status }))
  })

  it('answers 404 for a job that is not', async () => {
    const answer = await createServer(fakePorts()).inject('/ingest/job-9')
    expect(answer.statusCode).toBe(404)
    expect(answer.json().error).toMatchObject({ code: 'not_found', message: "There is no job 'job-9'." })
  })
})

const settingsOf = ({ embedding, chunking }: ReturnType<typeof aKnowledgeBase>) => ({ embedding, chunking })
