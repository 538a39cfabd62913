import { afterEach, expect, test } from 'vitest'
import { errorBody } from '../../src/api/contract/errors.ts'
import {
  type OperatorServer,
  type OperatorServerOptions,
  startOperatorServer,
} from '../../src/telemetry/operator-server.ts'

const servers: OperatorServer[] = []
afterEach(() => Promise.all(servers.splice(0).map(server => server.close())))

const open = async (change: Partial<OperatorServerOptions> = {}) => {
  let level = 'info'
  const failures: unknown[] = []
  const failed: string[] = []
  const requestIds: (string | null)[] = []
  const server = await startOperatorServer({
    host: '127.0.0.1',
    port: 0,
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'a_total 1\n' },
    ready: async () => ({ ready: true, dependencies: [] }),
    logLevel: {
      get: () => level,
      set(to) {
        level = to
      },
    },
    failed(error, _, requestId) {
      failures.push(error)
      failed.push(requestId)
    },
    ...change,
  })
  servers.push(server)
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://${server.address}${path}`, init)
    requestIds.push(answer.headers.get('x-request-id'))
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }
  const put = (body: string, headers: Record<string, string> = {}) =>
    ask('/log-level', { method: 'PUT', body, headers })
  return { ask, put, failures, failed, requestIds }
}

test('serves metrics as text, and says that it lives', async () => {
  const { ask } = await open()
  expect(await ask('/metrics')).toEqual({ status: 200, type: 'text/plain; version=0.0.4', text: 'a_total 1\n' })
  expect(await ask('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' })
})

test('is ready when what it depends on is', async () => {
  expect((await (await open()).ask('/readyz')).status).toBe(200)
  const dependencies = [{ name: 'kafka', ready: false, message: 'No answer within 2 s.' }]
  const { ask } = await open({ ready: async () => ({ ready: false, dependencies }) })
  const { status, text } = await ask('/readyz')
  expect([status, JSON.parse(text)]).toEqual([503, { status: 'not_ready', dependencies }])
})

test('tells and takes the level of the log', async () => {
  const { ask, put } = await open()
  expect(await put('{"level":"debug"}')).toMatchObject({ status: 200, text: '{"level":"debug"}' })
  expect((await ask('/log-level')).text).toBe('{"level":"debug"}')
})

test.each(['', 'debug', '{"level":"loud"}', 'null', `{"level":"${'x'.repeat(2_000)}"}`])(
  'refuses %.20s as a level, and says which there are',
  async body => {
    const { put } = await open()
    const { status, text } = await put(body)
    expect([status, text]).toEqual([422, expect.stringContaining('trace, debug, info, warn, error, fatal, silent')])
  },
)

test('takes no level from a page in a browser of this machine', async () => {
  const { ask, put } = await open()
  expect((await put('{"level":"silent"}', { Origin: 'http://example.org' })).status).toBe(403)
  expect((await ask('/log-level')).text).toBe('{"level":"info"}')
})

test('answers 404 for what is not there, and 500 for what fails, which is told', async () => {
  const { ask, failures } = await open({ ready: () => Promise.reject(new Error('lost')) })
  expect((await ask('/anything')).status).toBe(404)
  expect((await ask('/readyz')).status).toBe(500)
  expect(failures).toEqual([new Error('lost')])
})

test('its errors are those of the API, each with the id of its request, which the log has too', async () => {
  const { ask, put, failed, requestIds } = await open({
    metrics: { contentType: '', text: () => Promise.reject('lost') },
  })
  const headers = { 'X-Request-ID': 'mine-1', Origin: 'http://example.org' }
  const answers = [
    await ask('/anything', { headers }),
    await put('{}', headers),
    await put('{}'),
    await ask('/metrics'),
  ]
  const errors = answers.map(({ text }) => errorBody.strict().parse(JSON.parse(text)).error)
  expect(errors.map(({ code }) => code)).toEqual(['no_such_route', 'loopback_only', 'invalid_request', 'internal'])
  expect(errors.map(({ request_id }) => request_id)).toEqual(requestIds)
  expect(requestIds.slice(0, 2)).toEqual(['mine-1', 'mine-1'])
  expect(requestIds[2]).toMatch(/^[0-9a-f-]{36}$/)
  expect(failed).toEqual([requestIds[3]])
  expect(errors.map(({ details }) => details)).toEqual([
    ...[null, null],
    { mistakes: [{ path: 'level', message: errors[2]!.message }] },
    null,
  ])
})

test('an address that is taken is an error of its start', async () => {
  const first = await startOperatorServer(await optionsAt(0))
  servers.push(first)
  await expect(startOperatorServer(await optionsAt(Number(first.address.split(':')[1])))).rejects.toThrow('EADDRINUSE')
})

const optionsAt = async (port: number): Promise<OperatorServerOptions> => ({
  host: '127.0.0.1',
  port,
  metrics: { contentType: 'text/plain', text: async () => '' },
  ready: async () => ({ ready: true, dependencies: [] }),
  logLevel: { get: () => 'info', set: () => undefined },
  failed: error => {
    throw error
  },
})
