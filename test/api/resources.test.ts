import { describe, expect, it } from 'vitest'
import { documentPage, jobPage, knowledgeBasePage } from '../../src/api/contract/answers.ts'
import { openAccess } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import { aJob, aKnowledgeBase, fakePorts } from './fake-ports.ts'

const get = (ports: ReturnType<typeof fakePorts>, url: string) => createServer(ports).inject(url)

describe('jobs', () => {
  it('are listed by knowledge base, status and kind', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    const answer = await get(ports, '/api/ingestion/jobs?kb_id=handbook&status=running&kind=run&limit=7')
    expect(jobPage.parse(answer.json())).toEqual({ jobs: [aJob()], next: null })
    expect(ports.asked.filters).toEqual([{ kb_id: 'handbook', status: 'running', kind: 'run', limit: 7, after: null }])
  })

  it('are listed fifty at once unless told otherwise', async () => {
    const ports = fakePorts()
    await get(ports, '/api/ingestion/jobs')
    expect(ports.asked.filters).toEqual([{ limit: 50, after: null }])
  })

  it('are listed page by page, and not after what is no job', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob({ job_id: 'job-3' }), aJob({ job_id: 'job-2' }), aJob())
    const first = jobPage.parse((await get(ports, '/api/ingestion/jobs?limit=2')).json())
    expect([first.jobs.map(job => job.job_id), first.next]).toEqual([['job-3', 'job-2'], 'job-2'])
    const last = jobPage.parse((await get(ports, '/api/ingestion/jobs?limit=2&after=job-2')).json())
    expect(last).toEqual({ jobs: [aJob()], next: null })
    const refused = await get(ports, '/api/ingestion/jobs?after=job-9')
    expect(refused.statusCode).toBe(422)
    expect(refused.json().error.details.mistakes).toEqual([
      { path: 'query.after', message: 'is no job: give `next` of the page before, as it came' },
    ])
  })

  it('are not listed by filters that do not exist, each of which is named', async () => {
    const answer = await get(fakePorts(), '/api/ingestion/jobs?state=running&status=busy&limit=501')
    expect(answer.statusCode).toBe(422)
    expect(answer.json().error.details.mistakes).toEqual([
      { path: 'query.status', message: expect.stringContaining('must be one of "pending"') },
      { path: 'query.limit', message: 'must be at most 500' },
      { path: 'query.state', message: 'is no known field; known are kb_id, status, kind, limit, after' },
    ])
  })

  it('are found by their knowledge base', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    expect((await get(ports, '/api/ingestion/kb/handbook/status')).json()).toEqual(aJob())
    const none = await get(ports, '/api/ingestion/kb/other/status')
    expect(none.statusCode).toBe(404)
    expect(none.json().error.message).toBe("Knowledge base 'other' has had no job.")
  })
})

describe('knowledge bases', () => {
  it('are listed and shown', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    const list = await get(ports, '/api/knowledge-bases')
    expect(knowledgeBasePage.parse(list.json())).toEqual({ knowledge_bases: [aKnowledgeBase()], next: null })
    expect((await get(ports, '/api/knowledge-bases/handbook')).json()).toEqual(aKnowledgeBase())
    expect((await get(ports, '/api/knowledge-bases/other')).statusCode).toBe(404)
  })

  it('change how they are cut: what is named, and no more', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    const { chunking } = aKnowledgeBase()
    const change = async (payload: object, kb = 'handbook') => {
      const answer = await createServer(ports).inject({ method: 'PATCH', url: `/api/knowledge-bases/${kb}`, payload })
      return [answer.statusCode, answer.json().error?.details?.mistakes ?? answer.json().chunking]
    }
    expect(await change({ chunking: { chunk_size: 300 } })).toEqual([200, { ...chunking, chunk_size: 300 }])
    expect(await change({ chunking: { strategy: 'fixed', chunk_overlap: 0 } })).toEqual([
      200,
      { strategy: 'fixed', chunk_size: 300, chunk_overlap: 0 },
    ])
    const fits = 'must be smaller than chunk_size: it would be 300, of 300; state both'
    expect(await change({ chunking: { chunk_overlap: 300 } })).toEqual([
      422,
      [{ path: 'chunking.chunk_overlap', message: fits }],
    ])
    expect(await change({ chunking: {} })).toEqual([422, [{ path: 'chunking', message: 'must name what changes' }]])
    expect(await change({ chunking: { chunk_size: 1, strategy: 'x' }, embedding: { provider: 'hashing' } })).toEqual([
      422,
      [
        { path: 'chunking.strategy', message: expect.stringContaining('must be one of "markdown"') },
        { path: 'chunking.chunk_size', message: 'must be at least 16' },
        { path: 'embedding', message: 'is no known field; known are chunking' },
      ],
    ])
    expect((await change({ chunking: { chunk_size: 300 } }, 'other'))[0]).toBe(404)
  })

  it('are listed page by page, and by no larger pages than there are', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(...['a', 'b', 'c'].map(kb_id => aKnowledgeBase({ kb_id })))
    const page = async (query: string) => {
      const { knowledge_bases, next } = (await get(ports, `/api/knowledge-bases${query}`)).json()
      return [knowledge_bases.map((kb: { kb_id: string }) => kb.kb_id), next]
    }
    expect(await page('?limit=2')).toEqual([['a', 'b'], 'b'])
    expect(await page('?limit=2&after=b')).toEqual([['c'], null])
    const refused = await get(ports, '/api/knowledge-bases?limit=501&after=No%20Name')
    expect(refused.statusCode).toBe(422)
    expect(refused.json().error.details.mistakes).toEqual([
      { path: 'query.limit', message: 'must be at most 500' },
      { path: 'query.after', message: expect.stringContaining('must be 1 to 64 lower-case letters') },
    ])
  })

  it('show their documents page by page', async () => {
    const pages: unknown[] = []
    const page = { documents: [], next: 'b' }
    const ports = fakePorts({
      catalogue: {
        list: async () => ({ knowledge_bases: [], next: null }),
        get: async () => null,
        async documents(kbId, asked) {
          if (asked.after === 'x') throw Object.assign(new Error('is no cursor'), { code: 'bad_cursor' })
          pages.push([kbId, asked])
          return kbId === 'handbook' ? page : null
        },
      },
    })
    const answer = await get(ports, '/api/knowledge-bases/handbook/documents?limit=2&after=a%2Fb')
    expect(documentPage.parse(answer.json())).toEqual(page)
    expect(pages).toEqual([['handbook', { limit: 2, after: 'a/b' }]])
    expect((await get(ports, '/api/knowledge-bases/other/documents')).statusCode).toBe(404)
    const refused = await get(ports, '/api/knowledge-bases/handbook/documents?after=x')
    expect(refused.statusCode).toBe(422)
    expect(refused.json().error.details.mistakes).toEqual([{ path: 'query.after', message: 'is no cursor' }])
  })
})

describe('health', () => {
  it('is told by the version', async () => {
    const answer = await get(fakePorts(), '/healthz')
    expect(answer.json()).toEqual({ status: 'ok', version: '1.2.3' })
  })

  it('of everything it depends on makes it ready', async () => {
    const ports = fakePorts({ dependencies: [{ name: 'kafka', check: async () => undefined }] })
    const answer = await get(ports, '/readyz')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ status: 'ready', dependencies: [{ name: 'kafka', ready: true, message: null }] })
  })

  it('names each dependency that fails or does not answer', async () => {
    const ports = fakePorts({
      answerWithinMs: 100,
      dependencies: [
        { name: 'kafka', check: async () => undefined },
        { name: 'database', check: () => Promise.reject(new Error('connection refused')) },
        { name: 'registry', check: () => new Promise(() => undefined) },
      ],
    })
    const answer = await get(ports, '/readyz')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toEqual({
      status: 'not_ready',
      dependencies: [
        { name: 'kafka', ready: true, message: null },
        { name: 'database', ready: false, message: 'connection refused' },
        { name: 'registry', ready: false, message: 'No answer within 0.1 s.' },
      ],
    })
  })

  it('is asked of them once for all who want to know, and says what they told only where no key is wanted', async () => {
    let checks = 0
    const check = async () => {
      checks += 1
      throw new Error('password of penstock at db.internal:5432 is wrong')
    }
    const ports = fakePorts({ dependencies: [{ name: 'database', check }] })
    const app = createServer(ports, { ...openAccess, open: false })
    const two = await Promise.all([app.inject('/readyz'), app.inject('/readyz')])
    for (const answer of [...two, await app.inject('/readyz')]) {
      expect(answer.statusCode).toBe(503)
      expect(answer.json().dependencies).toMatchObject([{ name: 'database', ready: false }])
      expect(answer.body).not.toContain('db.internal')
    }
    expect(checks).toBe(1)
    expect(ports.stored.logged.filter(line => JSON.stringify(line).includes('db.internal'))).toHaveLength(1)
  })
})
