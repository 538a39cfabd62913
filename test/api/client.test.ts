import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ClientError, createClient } from '../../src/api/client.ts'
import type { JobStatus } from '../../src/api/contract/answers.ts'
import { createServer } from '../../src/api/server.ts'
import { done } from '../cli/jobs.ts'
import { withServer } from '../cli/run.ts'
import { aJob, aKnowledgeBase, fakePorts } from './fake-ports.ts'

const errorOf = async (call: Promise<unknown>): Promise<ClientError> => {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ClientError)
  return error as ClientError
}

describe('the client', () => {
  it('calls routes with what they take in path, query and body', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    await withServer(ports, async url => {
      const client = createClient(`${url}/`)
      expect(await client.job({ params: { job_id: 'job-1' } })).toEqual(aJob())
      expect(await client.jobs({ query: { status: 'running', limit: 3 } })).toEqual({ jobs: [aJob()], next: null })
      expect(ports.asked.filters).toEqual([{ status: 'running', limit: 3, after: null }])
      const body = { sources: [{ type: 'markdown' as const, path: '/docs' }] }
      expect(await client.start({ params: { kb_id: 'handbook' }, body })).toMatchObject({ job_id: 'job-1' })
      expect(await client.readiness({})).toMatchObject({ status: 'ready' })
    })
  })

  it('sends no answer again that its caller has, and tells a changed one with its new ETag', async () => {
    const ports = fakePorts()
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    await withServer(ports, async url => {
      const client = createClient(url)
      const ask = (ifNoneMatch: string | null) => client.knowledgeBase({ params: { kb_id: 'handbook' }, ifNoneMatch })
      const first = await ask(null)
      expect(first).toEqual({ changed: true, etag: expect.stringMatching(/^"/), answer: aKnowledgeBase() })
      expect(await ask(first.etag)).toEqual({ changed: false, etag: first.etag })
      ports.stored.knowledgeBases[0] = aKnowledgeBase({ documents: 301 })
      const next = await ask(first.etag)
      if (!next.changed) throw new Error('a change went unseen')
      expect(next.answer.documents).toBe(301)
      expect(next.etag).not.toBe(first.etag)
      ports.stored.knowledgeBases.pop()
      expect(await errorOf(ask(next.etag))).toMatchObject({ status: 404, code: 'not_found' })
    })
  })

  it('takes the body of a 503 of /readyz as an answer', async () => {
    const check = () => Promise.reject(new Error('away'))
    await withServer(fakePorts({ dependencies: [{ name: 'kafka', check }] }), async url => {
      expect(await createClient(url).readiness({})).toMatchObject({ status: 'not_ready' })
    })
  })

  it('gives names with slashes in them to the path as one part', async () => {
    await withServer(fakePorts(), async url => {
      const error = await errorOf(createClient(url).job({ params: { job_id: '../healthz' } }))
      expect(error).toMatchObject({ status: 404, code: 'not_found', message: "There is no job '../healthz'." })
    })
  })

  it('throws refusals with code, message, mistakes and request id', async () => {
    await withServer(fakePorts(), async url => {
      const error = await errorOf(createClient(url).ingest({ body: { kb_id: 'A', sources: [] } }))
      expect(error).toMatchObject({ status: 422, code: 'invalid_request' })
      expect(error.mistakes.map(one => one.path)).toEqual(['kb_id', 'sources'])
      expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/)
    })
  })

  it('says when to ask again, where the answer does', async () => {
    const ports = fakePorts()
    ports.stored.admission = { outcome: 'queue_full', retry_after_s: 30 }
    await withServer(ports, async url => {
      const client = createClient(url)
      const body = { kb_id: 'handbook', sources: [{ type: 'markdown' as const, path: '/docs' }] }
      expect(await errorOf(client.ingest({ body }))).toMatchObject({ code: 'queue_full', retryAfterSeconds: 30 })
      expect(await errorOf(client.job({ params: { job_id: 'none' } }))).toMatchObject({ retryAfterSeconds: null })
    })
  })

  it('says what to do when nothing answers', async () => {
    const url = await withServer(fakePorts(), async url => url)
    expect(await errorOf(createClient(url).health({}))).toMatchObject({
      status: 0,
      code: 'unreachable',
      message: `No Penstock answers at ${url}. Start one with \`penstock up\`, or set PENSTOCK_URL or PENSTOCK_PORT.`,
    })
  })

  it('tells a server that is something else, and one that does not answer in time', async () => {
    const server = createHttpServer((request, response) => {
      if (request.url === '/healthz') response.end('<html>hello</html>')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const client = createClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { timeoutMs: 100 })
    try {
      expect(await errorOf(client.health({}))).toMatchObject({ status: 200, code: 'not_penstock' })
      expect(await errorOf(client.readiness({}))).toMatchObject({ status: 0, code: 'timeout' })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('rejects with the reason of its caller when that gives up', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(createClient('http://127.0.0.1:9').health({}, signal)).rejects.toThrow('enough')
  })

  it('gives the events of a job one by one, up to its end', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    await withServer(ports, async url => {
      const seen: JobStatus[] = []
      for await (const job of createClient(url).jobEvents({ params: { job_id: 'job-1' } })) {
        seen.push(job)
        ports.stored.jobs[0] = aJob(done)
      }
      expect(seen).toEqual([aJob(), aJob(done)])
    })
  })

  it('throws when events are refused, break off, or are given up by their caller', async () => {
    const ports = fakePorts()
    const app = createServer(ports)
    const client = createClient(await app.listen({ host: '127.0.0.1', port: 0 }), { timeoutMs: 5_000 })
    const params = { job_id: 'job-1' }
    expect(await errorOf(client.jobEvents({ params }).next())).toMatchObject({ status: 404, code: 'not_found' })
    ports.stored.jobs.push(aJob())
    const caller = new AbortController()
    const [given, broken] = [client.jobEvents({ params }, caller.signal), client.jobEvents({ params })]
    for (const events of [given, broken]) expect(await events.next()).toEqual({ done: false, value: aJob() })
    caller.abort(new Error('enough'))
    await expect(given.next()).rejects.toThrow('enough')
    const next = errorOf(broken.next())
    await app.close()
    expect(await next).toMatchObject({ status: 0, code: 'unreachable' })
  })
})
