/**
 * How fast the line takes a folder of Markdown: starts an embedded Kafka and registry in a temporary folder, the roles
 * as processes, and ingests the folder RUNS times into new knowledge bases of the database that DATABASE_URL names.
 *
 *   DATABASE_URL=… OPENAI_BASE_URL=… node bench/ingest.ts FOLDER [--warm FOLDER] [--runs 3] [--embedding openai:stub:384] [--layout 'a b,c d']
 *
 * `--layout` says which roles share a process; `--warm` ingests another folder first. Prints seconds, documents and
 * chunks per second of each run; the first one of a process includes what is done only once, and a later one of the same
 * folder finds its vectors in memory. Compare figures of one run on one machine only. `--keep` leaves the logs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createClient } from '../src/api/client.ts'
import { embedding } from '../src/api/contract/requests.ts'
import { environmentOf, loadConfig } from '../src/config.ts'
import { startKafka } from '../src/kafka/embedded.ts'
import { startRegistry } from '../src/kafka/registry-embedded.ts'
import { roleProcess } from '../src/role-process.ts'
import { isRole } from '../src/roles.ts'
import { freePort } from '../src/supervisor/ports.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    warm: { type: 'string' },
    keep: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    embedding: { type: 'string', default: 'openai:stub:384' },
    parallelism: { type: 'string', default: '2' },
    layout: { type: 'string', default: 'api coordinator loading chunking,embedding indexing finishing' },
  },
})
const folder = resolve(positionals[0] ?? '.')
const [provider = 'hashing', model = 'hashing-v1', dimensions = '384'] = values.embedding.split(':')
const settings = embedding.parse({ provider, model, dimensions: Number(dimensions) })
const data = mkdtempSync(join(tmpdir(), 'penstock-bench-'))
const port = await freePort()
const config = loadConfig({
  flags: { fileRoots: [folder, ...(values.warm === undefined ? [] : [resolve(values.warm)])], port, dataDir: data },
})
if (config.database.url === null) throw new Error('Set DATABASE_URL to a migrated, empty database.')

const common = { cacheDir: config.cacheDir, progress: console.log }
const kafka = await startKafka({ ...common, dataDir: join(data, 'kafka') })
const registry = await startRegistry({ ...common, dataDir: join(data, 'registry') })
const environment = {
  ...environmentOf(config),
  KAFKA_BROKERS: kafka.brokers.join(','),
  SCHEMA_REGISTRY_URL: registry.url,
  PENSTOCK_SESSION_TIMEOUT_MS: '30000',
}
const signal = new AbortController().signal
const processes = await Promise.all(
  values.layout.split(',').map((names, i) =>
    roleProcess({
      roles: names.trim().split(/\s+/).filter(isRole),
      environment,
      logFile: join(data, `${i}.log`),
      pidFile: join(data, `${i}.pid`),
    }).start(signal),
  ),
)
const client = createClient(`http://127.0.0.1:${port}`)
try {
  const folders = Array.from({ length: Number(values.runs) }, () => folder)
  if (values.warm !== undefined) folders.unshift(resolve(values.warm))
  for (const [run, path] of folders.entries()) {
    const { job_id } = await client.ingest({
      body: {
        kb_id: `bench-${process.pid}-${run}`,
        sources: [{ type: 'markdown', path }],
        chunking: { strategy: 'markdown', chunk_size: 512, chunk_overlap: 50 },
        embedding: settings,
        parallelism: Number(values.parallelism),
      },
    })
    let job = await client.job({ params: { job_id } })
    while (job.completed_at === null) {
      await delay(50)
      job = await client.job({ params: { job_id } })
    }
    const seconds = (Date.parse(job.completed_at) - Date.parse(job.submitted_at)) / 1000
    const { documents, chunks, rejected } = job.metrics
    const rate = (count: number) => Math.round(count / seconds)
    console.log(
      `${path === folder ? 'run' : 'warm-up'}: ${job.status} ${seconds.toFixed(2)} s, ${documents} documents (${rate(documents)}/s), ` +
        `${chunks} chunks (${rate(chunks)}/s), ${rejected} rejected`,
    )
  }
} finally {
  await Promise.all(processes.map(one => one.stop()))
  await registry.stop()
  await kafka.stop()
  if (values.keep) console.log(`logs in ${data}`)
  else rmSync(data, { recursive: true, force: true })
}
