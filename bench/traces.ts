/**
 * What traces and metrics cost: the same corpus is ingested alternately by an installation that sends its traces to a
 * receiver of OTLP on loopback and whose processes are scraped every ten seconds, and by one that has no collector and is
 * asked for nothing. Then the receiver is closed, and the same is done with a collector that is away. Each has a Kafka, a
 * database and processes of its own, and one of them works at a time.
 *
 *     npm run bench:traces -- [--pairs 3] [--documents 1500] [--ratio 0.1] [--latency 100]
 *
 * Prints the ratios with to without, the median of the pairs, their least and greatest: of the processor seconds of all
 * roles (from /proc, so on Linux alone), and of the time that the job took. On a machine with other work only the first
 * tells something. Metrics are counted in either; without, nobody asks for them. The first two jobs of each are not measured:
 * code that has run for seconds alone is not compiled yet, and what is rare, as sending spans is, comes last. `--ratio` samples so
 * many of the traces, in place of all. `--latency` is how many milliseconds the provider takes for an answer.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { type Installation, openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    documents: { type: 'string', default: '1500' },
    ratio: { type: 'string', default: '1' },
    latency: { type: 'string', default: '0' },
  },
})
const pairs = Number(values.pairs)
const dimensions = 64
const roles = ['coordinator', 'api', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const
const ticksPerSecond = 100
/** A batch of spans waits for a second; what it costs belongs to the job before. */
const flushMs = 1_500

const began = performance.now()
const say = (line: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`)

const received = { requests: 0, bytes: 0 }
const receiver = createServer((request, response) => {
  received.requests += 1
  request.on('data', (part: Buffer) => {
    received.bytes += part.length
  })
  request.on('end', () => response.setHeader('content-type', 'application/x-protobuf').end())
})
await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
const { port } = receiver.address() as AddressInfo

const [postgres, provider] = await Promise.all([startTestPostgres(), startEmbeddingServer({ dimensions })])
provider.latencyMs = Number(values.latency)
const installations: Installation[] = []
const open = async (settings: Readonly<Record<string, string>>) => {
  const all = { ...settings, OPENAI_BASE_URL: provider.baseUrl, PENSTOCK_SESSION_TIMEOUT_MS: '30000' }
  const penstock = await openInstallation(['coordinator'], all, () => testDatabase(postgres.url))
  installations.push(penstock)
  // One after the other: on a busy machine all at once are not ready in time.
  for (const role of roles.slice(1)) await penstock.employ(role)
  for (let i = 0; i < Number(values.documents); i++) {
    const parts = Array.from({ length: 10 }, (_, part) => `## Part ${part}\n\n${`word${i} other${part} `.repeat(60)}`)
    penstock.write(`d${i}.md`, `# Document ${i}\n\n${parts.join('\n\n')}\n`)
  }
  return penstock
}

/** Processor seconds of each role so far. */
const cpuOf = ({ workers }: Installation): ReadonlyMap<string, number> =>
  new Map(
    workers.map(({ role, pid }) => {
      const fields = readFileSync(join('/proc', String(pid), 'stat'), 'utf8')
        .split(') ')[1]!
        .split(' ')
      return [role, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond]
    }),
  )

/** As in deploy/prometheus/prometheus.yml. */
const scrapeMs = 10_000

/** Asks all processes for their metrics, at once and then as often as Prometheus does, until told to end. */
const scraping = async (addresses: readonly string[], ended: AbortSignal) => {
  while (!ended.aborted) {
    await Promise.all(addresses.map(async address => (await fetch(`${address}/metrics`)).text()))
    await delay(scrapeMs, undefined, { signal: ended }).catch(() => undefined)
  }
}
/** Where the processes serve their metrics, as they say at their start. */
const addressesOf = ({ workers }: Installation) =>
  workers.map(one => /metrics are at (http:\/\/[^/"]+)/.exec(one.log())![1]!)

interface Measured {
  readonly seconds: number
  readonly cpu: number
  readonly byRole: Readonly<Record<string, number>>
}
/** Asked for as people and scripts do: each request is a span too. */
const lookEveryMs = 500
const endOf = async ({ client }: Installation, job_id: string) => {
  for (;;) {
    const job = await client.job({ params: { job_id } })
    if (job.completed_at !== null) return job
    await delay(lookEveryMs)
  }
}

let jobs = 0
const ingest = async (penstock: Installation, scraped: readonly string[] = []): Promise<Measured> => {
  const kb_id = `kb-${++jobs}`
  const before = cpuOf(penstock)
  const ended = new AbortController()
  const scrapes = scraped.length > 0 ? scraping(scraped, ended.signal) : null
  const { job_id } = await penstock.client.ingest({
    body: {
      kb_id,
      sources: [{ type: 'markdown', path: penstock.corpus }],
      chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 },
      embedding: { provider: 'openai', model: kb_id, dimensions },
      parallelism: 4,
    },
  })
  const job = await endOf(penstock, job_id)
  if (job.status !== 'completed') throw new Error(`The job is ${job.status}.`)
  await delay(flushMs)
  ended.abort()
  await scrapes
  const byRole = Object.fromEntries([...cpuOf(penstock)].map(([role, cpu]) => [role, cpu - before.get(role)!]))
  const cpu = Object.values(byRole).reduce((sum, one) => sum + one, 0)
  return { seconds: (Date.parse(job.completed_at!) - Date.parse(job.submitted_at)) / 1000, cpu, byRole }
}

const median = (sorted: readonly number[]) =>
  (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2
const spread = (ratios: readonly number[]) => {
  const sorted = [...ratios].sort((a, b) => a - b)
  return `${median(sorted).toFixed(3)} (${sorted[0]!.toFixed(3)} to ${sorted.at(-1)!.toFixed(3)})`
}
const ratios = (measured: readonly (readonly [Measured, Measured])[], of: (one: Measured) => number) =>
  spread(measured.map(([with_, without]) => of(with_) / of(without)))

const compare = async (what: string, on: Installation, scraped: readonly string[], off: Installation) => {
  const measured: (readonly [Measured, Measured])[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const first = pair % 2 === 0 ? await ingest(on, scraped) : null
    const without = await ingest(off)
    const with_ = first ?? (await ingest(on, scraped))
    measured.push([with_, without])
    const told = ({ cpu, seconds }: Measured) => `${cpu.toFixed(2)} s of processor time in ${seconds.toFixed(1)} s`
    say(`${what}: ${told(with_)}; without: ${told(without)}`)
  }
  console.log(`${what}, to without, over ${pairs} pairs: median (least to greatest)`)
  console.log(`  processor seconds of all roles  ${ratios(measured, ({ cpu }) => cpu)}`)
  for (const role of roles) console.log(`    ${role.padEnd(29)} ${ratios(measured, ({ byRole }) => byRole[role]!)}`)
  const more = measured.map(([with_, without]) => ((with_.cpu - without.cpu) * 1000) / Number(values.documents))
  console.log(`  more of them, in ms a document  ${spread(more)}`)
  console.log(`  time of the job                 ${ratios(measured, ({ seconds }) => seconds)}`)
}

try {
  const sampled = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: values.ratio }
  const on = await open({ ...sampled, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
  const off = await open({})
  const scraped = addressesOf(on)
  for (let warm = 0; warm < 2; warm++) for (const one of installations) await ingest(one)
  say('both are warm')
  await compare('traces and scrapes', on, scraped, off)
  console.log(`  the receiver got ${received.requests} requests with ${(received.bytes / 1e6).toFixed(1)} MB`)
  receiver.closeAllConnections()
  receiver.close()
  await compare('the collector away', on, scraped, off)
} finally {
  receiver.close()
  await Promise.all(installations.map(one => one.close()))
  await Promise.all([postgres.stop(), provider.close()])
}
