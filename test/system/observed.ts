import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../../src/api/client.ts'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { startEmbeddingServer } from '../kit/embedding-server.ts'
import { startTestKafka, startTestRegistry } from '../kit/kafka.ts'
import { ended } from '../kit/penstock.ts'
import { testDatabase } from '../kit/postgres.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'
import { startUp } from '../kit/up.ts'

const dimensions = 16
const withSecret = (url: string, secret: string): string => {
  const changed = new URL(url)
  changed.username ||= 'penstock'
  changed.password = secret
  return changed.href
}

/** What is planted in each secret setting, to be looked for afterwards. */
export const canaries = {
  key: 'sk-canary-0key0key0key0key',
  database: 'canary-0database/0',
  registry: 'canary-0registry@0',
  source: 'canary-0source-0',
} as const

/** `penstock up` on a Kafka, a registry, a database and a provider of its own, with something to see of everything. */
export const openObserved = async (makeDatabase = () => testDatabase()) => {
  const { folder, remove } = temporaryFolder('observed')
  const [corpus, data] = [join(folder, 'corpus'), join(folder, 'data')]
  mkdirSync(corpus)
  const [kafka, registry, database, provider] = await Promise.all([
    startTestKafka(),
    startTestRegistry(),
    makeDatabase(),
    startEmbeddingServer({ dimensions }),
  ])
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, ...inherited } = process.env
  const environment = {
    ...inherited,
    PENSTOCK_DATA_DIR: data,
    PENSTOCK_FILE_ROOTS: corpus,
    PENSTOCK_PORT: '0',
    PENSTOCK_LOG_LEVEL: 'info',
    PENSTOCK_LOG_FORMAT: 'json',
    PENSTOCK_EMBEDDING_PRICE: '0.5',
    KAFKA_BROKERS: kafka.brokers.join(','),
    SCHEMA_REGISTRY_URL: withSecret(registry.url, canaries.registry),
    DATABASE_URL: withSecret(database.url, canaries.database),
    OPENAI_BASE_URL: provider.baseUrl,
    OPENAI_API_KEY: canaries.key,
  }
  const up = await startUp(folder, environment)
  const client: Client = up.client
  for (let i = 0; i < 24; i++)
    writeFileSync(join(corpus, `${i}.md`), `# Document ${i}\n\n${`Keys are rotated every ${i} days. `.repeat(40)}`)
  writeFileSync(join(corpus, 'broken.pdf'), 'This is no PDF.')

  const ingest = async (kb_id: string): Promise<string> => {
    const embedding = { provider: 'openai', model: `model-of-${kb_id}`, dimensions } as const
    const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
    const sources = [{ type: 'local_files' as const, path: corpus }]
    return (await client.ingest({ body: { kb_id, sources, embedding, chunking } })).job_id
  }
  const jobThat = (id: string, what: string, holds: (job: JobStatus) => boolean) =>
    until(what, async () => holds(await client.job({ params: { job_id: id } })), 60_000)
  const targets = async () => (await client.metricsTargets({})).flatMap(group => group.targets)

  return {
    url: up.url,
    environment,
    folder,
    client,
    provider,
    ingest,
    targets,
    isOver: (id: string, status: string) => jobThat(id, `the job is ${status}`, job => job.status === status),
    waitsFor: (id: string, what: RegExp) => jobThat(id, String(what), job => what.test(job.waiting_for ?? '')),
    /** `/metrics` of all processes, one after the other. */
    async scrape() {
      const texts = (await targets()).map(async target => (await fetch(`http://${target}/metrics`)).text())
      return (await Promise.all(texts)).join('\n')
    },
    /** Lines of the logs of all processes so far. */
    logs: () =>
      readdirSync(join(data, 'log')).flatMap(file =>
        readFileSync(join(data, 'log', file), 'utf8')
          .split('\n')
          .filter(Boolean),
      ),
    /** What `up` itself has written. */
    output: () => up.output(),
    async close() {
      up.child.kill('SIGTERM')
      await ended(up)
      await Promise.all([kafka.stop(), registry.stop(), database.drop(), provider.close()])
      remove()
    },
  }
}

export type Observed = Awaited<ReturnType<typeof openObserved>>

/** What happens to it: a base is made and searched, a provider fails until it is left alone, and one refuses the key. */
export const observedStory = async (
  { provider, client, ingest, isOver, waitsFor }: Observed,
  meanwhile: () => Promise<void>,
) => {
  await isOver(await ingest('handbook'), 'completed')
  await client.search({ body: { kb_id: 'handbook', query: 'how are keys rotated' } })

  provider.answer = () => ({ kind: 'status', status: 503, message: 'Overloaded.' })
  const broken = await ingest('overloaded')
  await waitsFor(broken, /left alone/)
  await meanwhile()
  provider.answer = () => ({ kind: 'vectors' })
  await isOver(broken, 'completed')

  provider.answer = ({ authorization }) => ({
    kind: 'status',
    status: 401,
    message: `Incorrect API key provided: ${canaries.key} (${authorization}).`,
  })
  const refused = await ingest('refused')
  await isOver(refused, 'failed')
  return { refused }
}
