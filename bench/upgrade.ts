/**
 * An upgrade with a job in flight: the roles of another commit (`--from`, the one before this unless stated) run as
 * processes of its own source tree and a job begins; this tree's migrations are applied; then each role is stopped and
 * started anew from this tree, one after another, while the job goes on. The job has to end whole: the knowledge base is
 * compared with the same one made without an upgrade, and verified (exit code 1 if anything differs, or if
 * the job was over before all roles were replaced).
 *
 *     npm run bench:upgrade -- [--from REF] [--documents 150]
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { createClient } from '../src/api/client.ts'
import { lastLines } from '../src/supervisor/log-file.ts'
import { freePort } from '../src/supervisor/ports.ts'
import { contentsOf } from '../test/kit/contents.ts'
import { startEmbeddingServer } from '../test/kit/embedding-server.ts'
import { startTestKafka, startTestRegistry } from '../test/kit/kafka.ts'
import { startTestPostgres, testDatabase } from '../test/kit/postgres.ts'
import { temporaryFolder } from '../test/kit/temporary-folder.ts'
import { until } from '../test/kit/until.ts'

const { values } = parseArgs({
  options: { from: { type: 'string', default: 'HEAD~1' }, documents: { type: 'string', default: '150' } },
})
const checkout = resolve(import.meta.dirname, '..')
const { folder, remove } = temporaryFolder('upgrade')
const git = (...args: readonly string[]) => execFileSync('git', ['-C', checkout, ...args], { encoding: 'utf8' }).trim()
const old = join(folder, 'old')
git('worktree', 'add', '--detach', old, values.from)
symlinkSync(join(checkout, 'node_modules'), join(old, 'node_modules'))
const began = performance.now()
const say = (line: string) => console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)
say(`from ${git('log', '-1', '--format=%h %s', values.from)}`)

const [kafka, registry, postgres, provider, port] = await Promise.all([
  startTestKafka(),
  startTestRegistry(),
  startTestPostgres(),
  startEmbeddingServer({ dimensions: 16 }),
  freePort(),
])
const database = await testDatabase(postgres.url)
const corpus = join(folder, 'corpus')
mkdirSync(corpus)
for (let i = 0; i < Number(values.documents); i++) {
  const parts = Array.from({ length: 10 }, (_, p) => `## Part ${p}\n\n${`word${i} other${p} `.repeat(30)}`)
  writeFileSync(join(corpus, `d${i}.md`), `# Document ${i}\n\n${parts.join('\n\n')}\n`)
}
const env = {
  ...process.env,
  KAFKA_BROKERS: kafka.brokers.join(','),
  SCHEMA_REGISTRY_URL: registry.url,
  DATABASE_URL: database.url,
  OPENAI_BASE_URL: provider.baseUrl,
  PENSTOCK_FILE_ROOTS: corpus,
  PENSTOCK_DATA_DIR: folder,
  PENSTOCK_PORT: String(port),
  PENSTOCK_EMBEDDING_BATCH: '8',
  PENSTOCK_LOG_FORMAT: 'json',
}
const penstock = (tree: string, args: readonly string[], log: string) => {
  const output = openSync(join(folder, `${log}.log`), 'a')
  const child = spawn(process.execPath, [join(tree, 'src/main.ts'), ...args], {
    env,
    stdio: ['ignore', output, output],
  })
  return { child, closed: once(child, 'close'), last: () => lastLines(join(folder, `${log}.log`), 5) }
}
const migrated = async (tree: string) => {
  const { child, closed, last } = penstock(tree, ['migrate'], 'migrate')
  await closed
  if (child.exitCode !== 0) throw new Error(last())
}
const roles = [
  'coordinator',
  'api',
  'loading',
  'chunking',
  'embedding',
  'indexing',
  'tabulating',
  'finishing',
  'intake',
]
const running = new Map<string, ReturnType<typeof penstock>>()
const start = async (tree: string, role: string) => {
  const started = penstock(tree, ['run', role], `${role}-${tree === old ? 'old' : 'new'}`)
  running.set(role, started)
  await until(
    `${role} runs`,
    () => {
      if (started.child.exitCode !== null) throw new Error(started.last())
      return /"\w+ runs"/.test(lastLines(join(folder, `${role}-${tree === old ? 'old' : 'new'}.log`), 200))
    },
    120_000,
  )
}
const stop = async (role: string) => {
  const { child, closed } = running.get(role)!
  child.kill('SIGTERM')
  await closed
  return child.exitCode ?? child.signalCode
}

const client = createClient(`http://127.0.0.1:${port}`)
const ingest = async (kb_id: string) => {
  const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
  const embedding = { provider: 'openai', model: kb_id, dimensions: 16 } as const
  const sources = [{ type: 'markdown' as const, path: corpus }]
  return (await client.ingest({ body: { kb_id, sources, chunking, embedding, parallelism: 4 } })).job_id
}
const job = (job_id: string) => client.job({ params: { job_id } }).catch(() => null)
let differs = false
try {
  await migrated(old)
  await Promise.all(roles.map(role => start(old, role)))
  say('the roles of before run')
  const reference = await ingest('undisturbed')
  await until('the reference is completed', async () => (await job(reference))?.status === 'completed', 300_000)
  provider.latencyMs = 400
  let replaced = false
  // Until all roles are replaced one document finds no answer, so that the job is in flight throughout.
  provider.answer = ({ texts }) =>
    !replaced && texts.some(text => text.includes('word0 '))
      ? { kind: 'status', status: 429, retryAfter: '1' }
      : { kind: 'vectors' }
  const upgraded = await ingest('upgraded')
  await until('the job is in its middle', async () => ((await job(upgraded))?.metrics.chunks ?? 0) > 0, 60_000)
  await migrated(checkout)
  say('the database is up to date')
  let inFlight = true
  for (const role of roles) {
    const ended = await stop(role)
    await start(checkout, role)
    const now = await job(upgraded)
    inFlight &&= now?.status === 'running'
    say(
      `${role} ended (${ended}) and runs anew; the job is ${now?.status ?? 'not told'}, ${now?.metrics.chunks ?? '?'} chunks`,
    )
  }
  provider.latencyMs = 0
  replaced = true
  const last = await until(
    'the job is over',
    async () => {
      const now = await job(upgraded)
      return now !== null && ['completed', 'failed', 'cancelled'].includes(now.status) ? now : null
    },
    300_000,
  )
  const pool = new pg.Client({ connectionString: database.url })
  await pool.connect()
  const [before, after] = [await contentsOf(pool, 'undisturbed'), await contentsOf(pool, 'upgraded')]
  await pool.end()
  const reports = [
    await client.verify({ params: { kb_id: 'upgraded' }, query: {} }),
    await client.verifyInstallation({ query: {} }),
  ]
  const differences = reports.flatMap(report => report.differences)
  differs = !inFlight || last.status !== 'completed' || before.join('\n') !== after.join('\n') || differences.length > 0
  say(
    `the job is ${last.status}: ${after.length} chunks of ${before.length}; verify: ${differences.length} differences`,
  )
  if (differs) console.error(JSON.stringify({ last, differences }, null, 1))
} finally {
  for (const { child, closed } of running.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await closed
  }
  await database.drop()
  await Promise.all([kafka.stop(), registry.stop(), postgres.stop(), provider.close()])
  git('worktree', 'remove', '--force', old)
  remove()
}
process.exitCode = differs ? 1 : 0
