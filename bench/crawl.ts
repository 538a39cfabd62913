/**
 * Crawls a folder of HTML, which this program serves on loopback, by Penstock as it is run for real: a Kafka, a registry
 * and a PostgreSQL of its own, every role a process. Once undisturbed, once with `kill -9` of LOADING on the way, and once
 * more unchanged; compares what was stored and counts requests. First it says how quick the parser alone is.
 *
 *   node bench/crawl.ts FOLDER [--start index.html] [--kills 3] [--rate 1000] [--concurrency 16]
 *
 * A Debian package of documentation is such a folder: `apt-get download postgresql-doc-15 && dpkg-deb -x …`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parserPool } from '../src/sources/parsing/pool.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { until } from '../test/kit/until.ts'
import { webServer } from '../test/kit/web-server.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    start: { type: 'string', default: 'index.html' },
    kills: { type: 'string', default: '3' },
    rate: { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '16' },
  },
})
const folder = resolve(positionals[0] ?? '.')
const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.html'))
if (pages.length === 0) throw new Error(`There is no HTML in ${folder}.`)
const contents = new Map(pages.map(name => [`/${name}`, readFileSync(join(folder, name))]))
const seconds = (from: number) => (performance.now() - from) / 1000

const children = 4
const parsers = parserPool({ children, timeoutMs: 20_000, memoryBytes: 512 * 1024 * 1024 })
const signal = new AbortController().signal
const parseAll = () =>
  Promise.all(
    [...contents].map(([path, bytes], i) =>
      parsers.parse(
        'html',
        { html: bytes.toString('utf8'), url: `http://x${path}` },
        { of: path, asker: `${i % 2}`, signal },
      ),
    ),
  )
await parseAll()
const parsing = performance.now()
await parseAll()
console.log(
  `parser alone, ${children} children: ${(pages.length / seconds(parsing)).toFixed(0)} pages/s of ${pages.length}`,
)
await parsers.close()

let sent = 0
const server = await webServer((path, { headers }) => {
  const body = contents.get(path)
  if (body === undefined) return { status: 404 }
  const etag = `"${body.length}"`
  if (headers['if-none-match'] === etag) return { status: 304 }
  sent += 1
  return { body, headers: { 'content-type': 'text/html', etag } }
})
const postgres = await startTestPostgres()
const penstock = await openInstallation(
  ['api', 'coordinator', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
  {
    PENSTOCK_FETCH_ALLOW: `127.0.0.1:${server.port}`,
    PENSTOCK_FETCH_RATE: values.rate,
    PENSTOCK_FETCH_CONCURRENCY: values.concurrency,
  },
  () => testDatabase(postgres.url),
)

const urisOf = async (kb: string) => {
  const { rows } = await penstock.pool.query<{ uri: string }>(
    'select uri from document where kb_id = $1 order by uri',
    [kb],
  )
  return rows.map(({ uri }) => uri)
}
const crawl = async (kb: string, disturb: () => Promise<void> = async () => undefined) => {
  const [asked, whole] = [server.asked.length, sent]
  const source = { type: 'website' as const, urls: [`${server.origin}/${values.start}`], sitemaps: false }
  const { job_id } = await penstock.client.ingest({ body: { kb_id: kb, sources: [source] } })
  await disturb()
  const job = await penstock.ended(job_id, 30 * 60_000)
  const loading = job.phase_details.find(({ name }) => name === 'LOADING')
  const took = (Date.parse(loading?.completed_at ?? '') - Date.parse(loading?.started_at ?? '')) / 1000
  const requests = server.asked.slice(asked)
  const distinct = new Set(requests).size
  console.log(
    `${kb}: ${job.status}, ${job.metrics.documents} documents, ${job.metrics.chunks} chunks, ${job.metrics.rejected} rejected; ` +
      `LOADING ${took.toFixed(1)} s, ${(distinct / took).toFixed(1)} pages/s; ` +
      `${requests.length} requests for ${distinct} addresses, ${sent - whole} sent in full`,
  )
  return job_id
}

try {
  await crawl('undisturbed')
  const kills = Number(values.kills)
  await crawl('killed', async () => {
    const from = server.asked.length
    for (let kill = 1; kill <= kills; kill++) {
      const enough = (pages.length * kill) / (kills + 1)
      await until(`kill ${kill}`, () => new Set(server.asked.slice(from)).size >= enough, 30 * 60_000)
      await penstock.worker('loading').replace()
    }
  })
  await crawl('undisturbed')
  const [one, other] = await Promise.all(['undisturbed', 'killed'].map(kb => penstock.contents(kb)))
  const [uris, again] = await Promise.all(['undisturbed', 'killed'].map(urisOf))
  const missing = pages.filter(name => !uris!.includes(`${server.origin}/${name}`))
  console.log(
    `killed ${kills} times and undisturbed: ${JSON.stringify(one) === JSON.stringify(other) ? 'the same' : 'DIFFERENT'} ` +
      `${one!.length} chunks, ${JSON.stringify(uris) === JSON.stringify(again) ? 'the same' : 'DIFFERENT'} ${uris!.length} documents; ` +
      `${missing.length} of ${pages.length} pages are none: ${missing.slice(0, 10).join(', ')}`,
  )
} finally {
  await penstock.close()
  await postgres.stop()
  await server.close()
}
