/**
 * Whether a real Jaeger shows a document's way as one trace: starts the Jaeger that is given (in memory, on loopback; version 2
 * with the settings of deploy/jaeger/jaeger.yml, version 1 all in one) and every role as a process that sends its spans there,
 * ingests one file, sends one upstream event in a trace of its own, searches for it, and asks Jaeger's HTTP API for the traces
 * of the service (exit code 1 if a stage is missing).
 *
 *     npm run bench:jaeger -- --jaeger PATH
 *
 * Where there is no release at hand, Go builds one. The pages of its UI are a placeholder then; the API is what is asked:
 *
 *     go mod init jaegerhere && go get github.com/jaegertracing/jaeger/cmd/jaeger@v1.76.0
 *     go build -o jaeger github.com/jaegertracing/jaeger/cmd/jaeger             # 2.13.0, of the same module
 *     go build -o jaeger-1 github.com/jaegertracing/jaeger/cmd/all-in-one       # 1.76.0
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { freePort } from '../src/supervisor/ports.ts'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { openInstallation } from '../test/kit/installation.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { until } from '../test/kit/until.ts'
import { openUpstream, traceparent } from '../test/kit/upstream.ts'

const { values } = parseArgs({ options: { jaeger: { type: 'string' } } })
if (values.jaeger === undefined) throw new Error('Say where Jaeger is: --jaeger PATH.')

interface Trace {
  readonly traceID: string
  readonly spans: readonly { readonly operationName: string; readonly processID: string }[]
  readonly processes: Readonly<
    Record<
      string,
      { readonly serviceName: string; readonly tags: readonly { readonly key: string; readonly value: unknown }[] }
    >
  >
}

const freeAddress = async () => `127.0.0.1:${await freePort()}`
const settingsFile = join(import.meta.dirname, '../deploy/jaeger/jaeger.yml')

/** Of version 2: the settings of deploy/, on other addresses; its own metrics have none. */
const second = async (otlp: string, query: string) => [
  `--config=${settingsFile}`,
  `--set=receivers.otlp.protocols.http.endpoint=${otlp}`,
  `--set=extensions.jaeger_query.http.endpoint=${query}`,
  `--set=extensions.jaeger_query.grpc.endpoint=${await freeAddress()}`,
  '--set=service.telemetry.metrics.level=none',
  '--set=service.telemetry.logs.level=error',
]

/** Of version 1. */
const first = async (otlp: string, query: string) => {
  const more = [
    'admin.http',
    'collector.otlp.grpc',
    'query.grpc-server',
    'collector.grpc-server',
    'collector.http-server',
  ]
  const others = await Promise.all(more.map(async flag => `--${flag}.host-port=${await freeAddress()}`))
  const used = [`--collector.otlp.http.host-port=${otlp}`, `--query.http-server.host-port=${query}`]
  return [...used, ...others, '--log-level=error']
}

/** Jaeger on free ports of this machine. */
const startJaeger = async (program: string) => {
  const [otlp, query] = [await freeAddress(), await freeAddress()]
  const { stdout: help } = await promisify(execFile)(program, ['--help'])
  const flagsOf = help.includes('--config ') ? second : first
  console.log(`Jaeger ${flagsOf === second ? `2, by ${settingsFile}` : '1, all in one'}`)
  const child = spawn(program, await flagsOf(otlp, query), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SPAN_STORAGE_TYPE: 'memory' },
  })
  process.once('exit', () => child.kill())
  await once(child, 'spawn')
  const services = `http://${query}/api/services`
  await until('Jaeger is ready', async () => (await fetch(services).catch(() => null))?.ok, 60_000)
  const ask = async (path: string): Promise<readonly Trace[]> => {
    const answer = await fetch(`http://${query}${path}`)
    if (answer.status === 404) return []
    if (!answer.ok) throw new Error(`${path} of Jaeger answered ${answer.status}: ${await answer.text()}`)
    return ((await answer.json()) as { readonly data: readonly Trace[] }).data
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return { otlp: `http://${otlp}`, ask, stop }
}

const stages = [
  'intake upstream.documents',
  'loading load.requests',
  'chunking documents',
  'embedding chunks',
  'indexing vectors',
]
const embedding = { provider: 'openai', model: 'model', dimensions: 8 } as const
const [jaeger, postgres, provider] = await Promise.all([
  startJaeger(values.jaeger),
  startTestPostgres(),
  startEmbeddingServer({ dimensions: embedding.dimensions }),
])
const penstock = await openInstallation(
  ['coordinator'],
  { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp, OPENAI_BASE_URL: provider.baseUrl },
  () => testDatabase(postgres.url),
)
const upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(','))
try {
  for (const role of ['api', 'intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const)
    await penstock.employ(role)
  penstock.write('one.md', '# One\n\nSo that there is a knowledge base.\n')
  const sources = [{ type: 'markdown' as const, path: join(penstock.corpus) }]
  const { job_id } = await penstock.client.ingest({ body: { kb_id: 'events', sources, embedding } })
  await penstock.ended(job_id)
  const { id, header } = traceparent()
  const value = JSON.stringify({ kb_id: 'events', uri: 'ticket:1', text: 'The penstock valve leaks.', title: 'Leak' })
  await upstream.send([{ key: 'ticket:1', value, headers: { traceparent: header } }])
  const search = { kb_id: 'events', query: 'valve leaks', mode: 'text' as const }
  const hit = await until('the event is found', async () => (await penstock.client.search({ body: search })).hits[0])
  console.log(`hit ${hit.uri} says trace ${hit.trace_id}; the event was sent in ${id}`)
  const trace = await until(
    'Jaeger has the whole trace',
    async () => {
      const found = (await jaeger.ask('/api/traces?service=penstock&limit=1000')).find(({ traceID }) => traceID === id)
      const names = new Set(found?.spans.map(({ operationName }) => operationName))
      return stages.every(name => names.has(name)) ? found! : null
    },
    60_000,
  )
  const instances = new Set(trace.spans.map(({ processID }) => processID)).size
  console.log(`/api/traces?service=penstock has it: ${trace.spans.length} spans of ${instances} processes`)
  for (const { operationName, processID } of trace.spans) {
    const { serviceName, tags } = trace.processes[processID]!
    const instance = tags.find(({ key }) => key === 'service.instance.id')?.value
    console.log(`  ${operationName.padEnd(28)} ${serviceName} ${instance}`)
  }
} finally {
  await upstream.close()
  await penstock.close()
  await Promise.all([jaeger.stop(), postgres.stop(), provider.close()])
}
