import { afterAll, beforeAll, expect, test } from 'vitest'
import { openInstallation } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import { type WebServer, webServer } from '../kit/web-server.ts'
import { pageWith, siteOf } from '../kit/website.ts'

const pages = 60
const pathOf = (i: number) => `/docs/p${i}.html`
/** Every page leads to the next and to some others; two of them are the same, one is forbidden and one is not there. */
const site = siteOf({
  '/robots.txt': { body: 'User-agent: *\nDisallow: /docs/private', headers: { 'content-type': 'text/plain' } },
  ...Object.fromEntries(
    Array.from({ length: pages }, (_, i) => [
      pathOf(i),
      pageWith(
        `Page ${i === 50 ? 49 : i}`,
        i >= 49 && i < 51 ? [pathOf(51)] : [i + 1, i + 2, i * 7].map(to => pathOf(to % pages)),
      ),
    ]),
  ),
  '/docs/private.html': pageWith('Private'),
})

let penstock: Awaited<ReturnType<typeof openInstallation>>
let server: WebServer
let open = Promise.resolve()
/** Pages that were sent in full. */
let sent = 0

beforeAll(async () => {
  server = await webServer(async (path, { headers }) => {
    if (path === pathOf(30)) await open
    const reply = site(path)
    if (typeof reply === 'string') return reply
    const etag = `"${path.length}-${reply.body?.length}"`
    if (headers['if-none-match'] === etag) return { status: 304 }
    sent += 1
    return { ...reply, headers: { ...reply.headers, etag } }
  })
  penstock = await openInstallation(
    ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
    {
      PENSTOCK_FETCH_ALLOW: `127.0.0.1:${server.port}`,
      PENSTOCK_FETCH_RATE: '1000',
      PENSTOCK_FETCH_IDLE_MS: '60000',
      PENSTOCK_FETCH_TIMEOUT_MS: '60000',
    },
  )
}, 120_000)
afterAll(async () => {
  await penstock?.close()
  await server?.close()
})

const start = async (kb_id: string) => {
  const source = { type: 'website' as const, urls: [server.origin + pathOf(0)], sitemaps: false }
  return (await penstock.client.ingest({ body: { kb_id, sources: [source] } })).job_id
}
const urisOf = async (kb: string) => {
  const { rows } = await penstock.pool.query<{ uri: string }>(
    'select uri from document where kb_id = $1 and not deleted order by uri',
    [kb],
  )
  return rows.map(({ uri }) => uri.replace(server.origin, ''))
}
const frontierRows = async () =>
  Number((await penstock.pool.query<{ count: string }>('select count(*) from crawl_url')).rows[0]!.count)

test('a crawl whose LOADING is killed in the middle of a bite comes to what an undisturbed one does', {
  timeout: 240_000,
}, async () => {
  const whole = await start('undisturbed')
  const ended = await penstock.ended(whole)
  expect(ended.status).toBe('completed')
  const expected = Array.from({ length: pages }, (_, i) => pathOf(i)).filter(path => path !== pathOf(50))
  expect(await urisOf('undisturbed')).toEqual(expected.toSorted())
  expect(server.asked).not.toContain('/docs/private.html')

  const { promise, resolve } = Promise.withResolvers<void>()
  open = promise
  const asked = server.asked.length
  const killed = await start('killed')
  await until('a bite in the middle', () => server.asked.slice(asked).includes(pathOf(30)), 60_000)
  const before = await frontierRows()
  expect(before, 'addresses found before the kill').toBeGreaterThan(0)
  await penstock.worker('loading').replace()
  resolve()
  const after = await penstock.ended(killed, 120_000)
  expect(after.status).toBe('completed')
  expect(await penstock.contents('killed')).toEqual(await penstock.contents('undisturbed'))
  expect(after.metrics).toMatchObject({ documents: ended.metrics.documents, rejected: ended.metrics.rejected })
  await until('the frontiers are forgotten', async () => (await frontierRows()) === 0, 30_000)
})

test('a second run asks for nothing again that is as it was, and calls no model', { timeout: 120_000 }, async () => {
  const asked = server.asked.length
  sent = 0
  const again = await penstock.ended(await start('undisturbed'))
  expect(again.status).toBe('completed')
  expect(again.metrics.chunks).toBe(0)
  expect(server.asked.length - asked, 'pages that were asked for, and robots.txt').toBe(pages + 1)
  expect(sent, 'robots.txt, and the page that is the same as another').toBe(2)
  expect(await urisOf('undisturbed')).toHaveLength(pages - 1)
})
