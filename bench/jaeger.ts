/**
 * Whether a real Jaeger shows a document's way as one trace: starts the Jaeger that is given (version 1, all in one, in
 * memory, on loopback) and every role as a process that sends its spans there, ingests one file, sends one upstream event in
 * a trace of its own, searches for it, and asks Jaeger's HTTP API for the traces of the service (exit code 1 if a stage is missing).
 *
 *     npm run bench:jaeger -- --jaeger PATH
 *
 * Where there is no release at hand, Go builds one. The pages of its UI are a placeholder then; the API is what is asked:
 *
 *     go mod init jaegerhere && go get github.com/jaegertracing/jaeger/cmd/all-in-one@v1.76.0
 *     go build -o jaeger github.com/jaegertracing/jaeger/cmd/all-in-one
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
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

/** Jaeger on free ports of this machine. */
const startJaeger = async (program: string) => {
  const flags = ['collector.otlp.http', 'query.http-server', 'admin.http', 'collector.otlp.grpc', 'query.grpc-server']
  const more = ['collector.grpc-server', 'collector.http-server']
  const addresses = await Promise.all([...flags, ...more].map(async () => `127.0.0.1:${await freePort()}`))
  const options = [...flags, ...more].map((flag, i) => `--${flag}.host-port=${addresses[i]}`)
  const child = spawn(program, [...options, '--log-level=error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SPAN_STORAGE_TYPE: 'memory' },
  })
  process.once('exit', () => child.kill())
  await once(child, 'spawn')
  const [otlp, query, admin] = addresses
  await until('Jaeger is ready', async () => (await fetch(`http://${admin}/`).catch(() => null))?.ok, 60_000)
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
