import { afterEach, describe, expect, test } from 'vitest'
import { type Access, openAccess, operator, type Principal } from '../../../src/api/doors/access.ts'
import { createServer } from '../../../src/api/server.ts'
import { aJob, aKnowledgeBase, fakePorts } from '../fake-ports.ts'

const reader: Principal = { tenant: 'acme', scopes: ['read'], key: 'reader' }
const closed: Access = { ...openAccess, open: false, find: async secret => (secret === 'good' ? reader : null) }

const ask = async (
  access: Access,
  headers: Record<string, string> = {},
  url = '/api/ingestion/jobs',
  method = 'GET',
) => {
  const answer = await createServer(fakePorts(), access).inject({ method: method as 'GET', url, headers })
  return {
    status: answer.statusCode,
    code: (answer.body && answer.json().error?.code) || null,
    headers: answer.headers,
  }
}
const good = { authorization: 'Bearer good' }

describe('a Host', () => {
  test.each(['localhost', 'localhost:7400', '127.0.0.1:7400', '[::1]:7400', 'LOCALHOST'])('%s is ours', async host => {
    expect((await ask(openAccess, { host })).status).toBe(200)
  })

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'a b',
    'u@localhost',
    'localhost/x',
  ])('%s is not, whoever resolves it to this machine', async host => {
    expect(await ask(openAccess, { host })).toMatchObject({ status: 421, code: 'wrong_host' })
  })

  test('that was named is ours', async () => {
    const access = { ...openAccess, hosts: ['Penstock.example.org', '10.0.0.1'] }
    expect((await ask(access, { host: 'penstock.example.org' })).status).toBe(200)
    expect((await ask(access, { host: '10.0.0.1:80' })).status).toBe(200)
    expect((await ask(access, { host: 'penstock.example.com' })).status).toBe(421)
  })
})

describe('a page of', () => {
  test.each([
    ['another site', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://localhost:3000' }],
    ['nowhere', { origin: 'null' }],
    ['another site, without saying which', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('%s is refused', async (_, headers) => {
    expect(await ask(openAccess, { host: 'localhost:7400', ...headers })).toMatchObject({
      status: 403,
      code: 'cross_site',
    })
  })

  test('our own, and a link from another one, is served', async () => {
    expect((await ask(openAccess, { host: 'localhost:7400', origin: 'http://localhost:7400' })).status).toBe(200)
    expect((await ask(openAccess, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200)
  })

  test('a site that was named may read the answer, and ask beforehand without a key', async () => {
    const access = { ...closed, origins: ['https://console.example.org'] }
    const origin = 'https://console.example.org'
    const answer = await ask(access, { origin, ...good })
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin } })
    const before = await ask(access, { origin, 'access-control-request-method': 'POST' }, '/ingest', 'OPTIONS')
    expect(before.status).toBe(204)
    expect(before.headers['access-control-allow-headers']).toContain('Authorization')
    expect((await ask(access, { origin: 'https://evil.example' }, '/ingest', 'OPTIONS')).status).toBe(403)
  })
})

describe('a key', () => {
  test('is wanted where the API is not open, in the one error shape', async () => {
    expect(await ask(closed)).toMatchObject({
      status: 401,
      code: 'no_key',
      headers: { 'www-authenticate': 'Bearer realm="penstock"' },
    })
    expect(await ask(closed, { authorization: 'Bearer bad' })).toMatchObject({ status: 401, code: 'bad_key' })
    expect(await ask(closed, { authorization: 'Basic good' })).toMatchObject({ status: 401, code: 'bad_key' })
    expect((await ask(closed, good)).status).toBe(200)
  })

  test('that is bad is refused where none is needed', async () => {
    expect((await ask(openAccess)).status).toBe(200)
    expect((await ask(openAccess, { authorization: 'Bearer bad' })).status).toBe(401)
  })

  test('without the scope is refused, and told which it is', async () => {
    const answer = await ask(closed, good, '/api/ingestion/kb/handbook/pause', 'POST')
    expect(answer).toMatchObject({ status: 403, code: 'scope_missing' })
  })

  test('of a scraper opens the metrics, and nothing else; other keys do not open them', async () => {
    const keys: Readonly<Record<string, Principal>> = {
      scraper: { tenant: operator, scopes: ['metrics'], key: 'scraper' },
      worker: { tenant: operator, scopes: ['read', 'ingest', 'control'], key: 'worker' },
      tenant: { tenant: 'acme', scopes: ['metrics'], key: 'tenant' },
    }
    const access: Access = { ...closed, find: async secret => keys[secret] ?? null }
    const statuses = async (key: string) => {
      const asked = ['/metrics', '/metrics/targets', '/api/ingestion/jobs', '/api/keys'].map(async url => {
        const { status, code } = await ask(access, { authorization: `Bearer ${key}` }, url)
        return status === 200 ? 200 : code
      })
      return Promise.all(asked)
    }
    expect(await statuses('scraper')).toEqual([200, 200, 'scope_missing', 'scope_missing'])
    expect(await statuses('worker')).toEqual(['scope_missing', 'scope_missing', 200, 'scope_missing'])
    expect((await statuses('tenant'))[0]).toBe('operators_only')
  })

  test.each(['/healthz', '/readyz', '/openapi.json'])('is not wanted by %s', async url => {
    expect((await ask(closed, {}, url)).status).toBe(200)
  })

  test('that nobody has asked for finds no way past: what is not there stays so', async () => {
    expect((await ask(closed, {}, '/nowhere')).status).toBe(404)
  })
})

describe('rates', () => {
  const apps: { close(): Promise<unknown> }[] = []
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
  })

  test('are counted by key, and by address while no key is good', async () => {
    const app = createServer(fakePorts(), { ...closed, perMinute: 2 })
    apps.push(app)
    const status = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/api/ingestion/jobs', headers })).statusCode
    expect([await status(good), await status(good), await status(good)]).toEqual([200, 200, 429])
    const bad = (n: number) => status({ authorization: `Bearer bad${n}` })
    expect([await bad(1), await bad(2), await bad(3)]).toEqual([401, 401, 429])
    const refused = await app.inject({ url: '/api/ingestion/jobs', headers: good })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.json().error.code).toBe('rate_limited')
  })
})

test('past the rate of its address, a key is looked for where it was seen alone', async () => {
  const asked: [string, boolean | undefined][] = []
  const access: Access = {
    ...{ ...closed, perMinute: 1 },
    async find(secret, seenAlone) {
      asked.push([secret, seenAlone])
      return secret === 'good' ? reader : null
    },
  }
  const app = createServer(fakePorts(), access)
  const status = async (key: string) =>
    (await app.inject({ url: '/api/ingestion/jobs', headers: { authorization: `Bearer ${key}` } })).statusCode
  expect([await status('bad'), await status('bad'), await status('good')]).toEqual([401, 429, 200])
  expect(asked).toEqual([
    ['bad', false],
    ['bad', true],
    ['good', true],
  ])
  await app.close()
})

test('each tenant is served by its own ports, and never by those of another', async () => {
  const of = (tenant: string) => {
    const ports = fakePorts()
    ports.stored.jobs.push(aJob({ job_id: `job-of-${tenant}` }))
    ports.stored.knowledgeBases.push(aKnowledgeBase())
    return ports
  }
  const access: Access = { ...closed, find: async tenant => ({ tenant, scopes: ['read'], key: tenant }) }
  const app = createServer(of('default'), access, of)
  for (const tenant of ['acme', 'globex', 'acme']) {
    const headers = { authorization: `Bearer ${tenant}` }
    const { jobs } = (await app.inject({ url: '/api/ingestion/jobs', headers })).json()
    expect(jobs.map((job: { job_id: string }) => job.job_id)).toEqual([`job-of-${tenant}`])
  }
})

test('an answer tells browsers to keep to themselves', async () => {
  const { headers } = await ask(openAccess)
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  })
})
