import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { errorBody } from '../../src/api/contract/errors.ts'
import { createServer } from '../../src/api/server.ts'
import { aJob, fakePorts } from './fake-ports.ts'

const body = { kb_id: 'handbook', sources: [{ type: 'markdown', path: '/docs' }] }
const json = { 'content-type': 'application/json' }

describe('the one error shape', () => {
  it.each([
    ['a path that is not', 'GET', '/nowhere', {}, undefined, 404, 'no_such_route'],
    ['a method that is not', 'DELETE', '/ingest/job-1', {}, undefined, 405, 'method_not_allowed'],
    ['a body that is not JSON', 'POST', '/ingest', json, '{"kb_id":', 400, 'bad_json'],
    ['a body that is empty', 'POST', '/ingest', json, '', 400, 'bad_json'],
    ['a body that would change prototypes', 'POST', '/ingest', json, '{"__proto__": {}}', 400, 'bad_json'],
    [
      'another content type',
      'POST',
      '/ingest',
      { 'content-type': 'text/plain' },
      'hello',
      415,
      'unsupported_media_type',
    ],
    ['no content type', 'POST', '/ingest', {}, 'hello', 415, 'unsupported_media_type'],
    ['a body past the limit', 'POST', '/ingest', json, `"${'x'.repeat(1024 * 1024)}"`, 413, 'body_too_large'],
    ['an escape that is none', 'GET', '/ingest/%zz', {}, undefined, 400, 'bad_url'],
  ] as const)('is used for %s', async (_, method, url, headers, payload, status, code) => {
    const answer = await createServer(fakePorts()).inject({
      method,
      url,
      headers: { ...headers, 'x-request-id': 'abc-1' },
      ...(payload === undefined ? {} : { payload }),
    })
    expect(answer.statusCode).toBe(status)
    const { error } = errorBody.parse(answer.json())
    expect(error).toMatchObject({ code, request_id: 'abc-1' })
    expect(error.message).toMatch(/\.$/)
    expect(answer.headers['x-request-id']).toBe('abc-1')
  })

  it('says which methods there are', async () => {
    const answer = await createServer(fakePorts()).inject({
      method: 'PUT',
      url: '/api/knowledge-bases/a/documents?x=1',
    })
    expect(answer.headers.allow).toBe('GET')
    expect(answer.json().error.message).toBe('PUT is not possible here; GET is.')
  })

  it('hides what went wrong inside, and logs it with the request id', async () => {
    const ports = fakePorts()
    const jobs = { ...ports.jobs, get: () => Promise.reject(new Error('password=secret')) }
    const answer = await createServer({ ...ports, jobs }).inject('/ingest/job-1')
    expect(answer.statusCode).toBe(500)
    expect(answer.json().error.code).toBe('internal')
    expect(answer.body).not.toContain('secret')
    const id = answer.json().error.request_id
    expect(ports.stored.logged).toContainEqual(expect.objectContaining({ level: 50, request_id: id }))
  })

  it.each([
    ['is away', 'ECONNREFUSED'],
    ['keeps a lock too long', '55P03'],
    ['takes too long for a statement', '57014'],
    ['loses a connection', new Error('Connection terminated unexpectedly')],
    ['gives no connection in time', new Error('timeout exceeded when trying to connect')],
  ])('answers 503 while the database %s', async (_, how) => {
    const ports = fakePorts()
    const away = typeof how === 'string' ? Object.assign(new Error('connect'), { code: how }) : how
    const jobs = { ...ports.jobs, get: () => Promise.reject(new Error('query failed', { cause: away })) }
    const answer = await createServer({ ...ports, jobs }).inject('/ingest/job-1')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    expect(answer.json().error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^The database, .* is out of reach/),
    })
  })

  it('is used for what is not even HTTP', async () => {
    const app = createServer(fakePorts())
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
    try {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end('GARBAGE\r\n\r\n'))
      const answer = await text(socket)
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(errorBody.parse(JSON.parse(answer.slice(answer.indexOf('{')))).error.code).toBe('bad_http')
    } finally {
      await app.close()
    }
  })
})

describe('X-Request-ID', () => {
  it('is taken over when it is well-formed', async () => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob())
    const answer = await createServer(ports).inject({
      url: '/ingest/job-1',
      headers: { 'x-request-id': 'Trace:9.a_b-c' },
    })
    expect(answer.headers['x-request-id']).toBe('Trace:9.a_b-c')
  })

  it.each(['', 'a b', 'a\tb', '<script>', 'x'.repeat(129)])('is made anew where %j came', async given => {
    const answer = await createServer(fakePorts()).inject({ url: '/healthz', headers: { 'x-request-id': given } })
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('differs from request to request', async () => {
    const app = createServer(fakePorts())
    const ids = [await app.inject('/healthz'), await app.inject('/healthz')].map(
      answer => answer.headers['x-request-id'],
    )
    expect(new Set(ids).size).toBe(2)
  })
})

describe('requests', () => {
  it('may name a charset with their content type', async () => {
    const answer = await createServer(fakePorts()).inject({
      method: 'POST',
      url: '/ingest',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      payload: JSON.stringify(body),
    })
    expect(answer.statusCode).toBe(202)
  })
})

describe('an ETag', () => {
  const get = (headers: Record<string, string> = {}) =>
    createServer(fakePorts()).inject({ method: 'GET', url: '/api/knowledge-bases', headers })

  it('comes with what is read, and spares the reader who has it already', async () => {
    const { headers } = await get()
    const again = await get({ 'if-none-match': String(headers.etag) })
    expect([again.statusCode, again.body]).toEqual([304, ''])
  })

  it('spares nobody an error', async () => {
    const ask = (headers: Record<string, string> = {}) =>
      createServer(fakePorts()).inject({
        url: '/api/knowledge-bases/none',
        headers: { 'x-request-id': 'same', ...headers },
      })
    const { headers } = await ask()
    const again = await ask({ 'if-none-match': String(headers.etag) })
    expect([again.statusCode, again.json().error.code]).toEqual([404, 'not_found'])
  })

  it('spares nobody who has another one', async () => {
    const answer = await get({ 'if-none-match': '"another"' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toHaveProperty('knowledge_bases')
  })
})
