import { afterEach, expect, test } from 'vitest'
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
    failed: error => failures.push(error),
    ...change,
  })
  servers.push(server)
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://${server.address}${path}`, init)
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }
  const put = (body: string, headers: Record<string, string> = {}) =>
    ask('/log-level', { method: 'PUT', body, headers })
  return { ask, put, failures }
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
