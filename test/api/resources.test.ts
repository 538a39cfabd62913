import { describe, expect, it } from 'vitest'
import { documentPage, jobList, knowledgeBaseList } from '../../src/api/contract/answers.ts'
import { createServer } from '../../src/api/server.ts'
import { aJob, aKnowledgeBase, fakePorts } from './fake-ports.ts'

const get = (ports: ReturnType<typeof fakePorts>, url: string) => createServer(ports).inject(url)

describe('jobs', () => {
  it('are listed by knowledge base and status', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    const answer = await get(ports, '/api/ingestion/jobs?kb_id=handbook&status=running&limit=7')
    expect(jobList.parse(answer.json())).toEqual({ jobs: [aJob()] })
    expect(ports.asked.filters).toEqual([{ kb_id: 'handbook', status: 'running', limit: 7 }])
  })

  it('are listed fifty at once unless told otherwise', async () => {
    const ports = fakePorts()
    await get(ports, '/api/ingestion/jobs')
    expect(ports.asked.filters).toEqual([{ limit: 50 }])
  })

  it('are not listed by filters that do not exist, each of which is named', async () => {
    const answer = await get(fakePorts(), '/api/ingestion/jobs?state=running&status=busy&limit=0')
    expect(answer.statusCode).toBe(422)
    expect(answer.json().error.details.mistakes).toEqual([
      { path: 'query.status', message: expect.stringContaining('must be one of "pending"') },
      { path: 'query.limit', message: 'must be at least 1' },
      { path: 'query.state', message: 'is no known field; known are kb_id, status, limit' },
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
    expect(knowledgeBaseList.parse(list.json())).toEqual({ knowledge_bases: [aKnowledgeBase()] })
    expect((await get(ports, '/api/knowledge-bases/handbook')).json()).toEqual(aKnowledgeBase())
    expect((await get(ports, '/api/knowledge-bases/other')).statusCode).toBe(404)
  })

  it('show their documents page by page', async () => {
    const pages: unknown[] = []
    const page = { documents: [], next: 'b' }
    const ports = fakePorts({
      catalogue: {
        list: async () => [],
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
})
