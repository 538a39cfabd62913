import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/api/client.ts'
import { environmentOf, loadConfig } from '../../src/config.ts'
import { roleProcess } from '../../src/role-process.ts'
import { roleNames } from '../../src/roles.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import type { RunningProcess } from '../../src/supervisor/spawn-child.ts'
import { contentsOf } from '../kit/contents.ts'
import { startEmbeddingServer } from '../kit/embedding-server.ts'
import { startTestKafka, startTestRegistry } from '../kit/kafka.ts'
import { ended, runPenstock } from '../kit/penstock.ts'
import { binaries, testDatabase } from '../kit/postgres.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'

const { folder, remove } = temporaryFolder('restore')
const documents = 60
const closers: (() => unknown)[] = [remove]
let provider: Awaited<ReturnType<typeof startEmbeddingServer>>

/** A machine: a Kafka, a registry and a database of its own, all empty; `start` runs every role on it. */
const machine = async () => {
  const [kafka, registry, database, port] = await Promise.all([
    startTestKafka(),
    startTestRegistry(),
    testDatabase(),
    freePort(),
  ])
  const environment = {
    ...environmentOf(
      loadConfig({ env: process.env, cwd: folder, flags: { dataDir: folder, fileRoots: [folder], port } }),
    ),
    KAFKA_BROKERS: kafka.brokers.join(','),
    SCHEMA_REGISTRY_URL: registry.url,
    DATABASE_URL: database.url,
    OPENAI_BASE_URL: provider.baseUrl,
    PENSTOCK_EMBEDDING_BATCH: '8',
    PENSTOCK_URL: `http://127.0.0.1:${port}`,
  }
  let roles: RunningProcess | null = null
  const stop = async () => {
    await roles?.stop()
    roles = null
  }
  const close = async () => {
    await stop()
    await Promise.all([kafka.stop(), registry.stop(), database.drop()])
  }
  closers.push(close)
  return {
    database: database.url,
    client: createClient(`http://127.0.0.1:${port}`),
    penstock: (...args: readonly string[]) => ended(runPenstock(args, folder, environment)),
    async start() {
      const files = { logFile: join(folder, `${port}.log`), pidFile: join(folder, `${port}.pid`) }
      roles = await roleProcess({ roles: roleNames, environment, ...files }).start(new AbortController().signal)
    },
    stop,
  }
}

const ask = async <T>(url: string, work: (database: pg.Client) => Promise<T>): Promise<T> => {
  const database = new pg.Client({ connectionString: url })
  await database.connect()
  return work(database).finally(() => database.end())
}

const ingest = async (client: Client, kb_id: string) => {
  const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
  const embedding = { provider: 'openai', model: kb_id, dimensions: 16 } as const
  const sources = [{ type: 'markdown' as const, path: join(folder, 'documents') }]
  return (await client.ingest({ body: { kb_id, sources, chunking, embedding, parallelism: 2 } })).job_id
}
const jobThat = (client: Client, job_id: string, status: string) =>
  until(
    `the job is ${status}`,
    async () => {
      const job = await client.job({ params: { job_id } })
      if (job.status === 'failed' && status !== 'failed') throw new Error(JSON.stringify(job))
      return job.status === status ? job : null
    },
    90_000,
  )

beforeAll(async () => {
  provider = await startEmbeddingServer({ dimensions: 16 })
  closers.push(() => provider.close())
  mkdirSync(join(folder, 'documents'))
  for (let i = 0; i < documents; i++) {
    const parts = Array.from({ length: 8 }, (_, p) => `## Part ${p}\n\n${`lorem${i} ipsum${p} `.repeat(20)}`)
    writeFileSync(join(folder, 'documents', `f${i}.md`), `# File ${i}\n\n${parts.join('\n\n')}\n`)
  }
  writeFileSync(join(folder, 'documents', 'empty.md'), '')
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

describe('a backup of the database, made while jobs run', () => {
  test('on an empty machine goes on: what was indexed is found, jobs under way begin anew and end whole', {
    timeout: 600_000,
  }, async () => {
    const old = await machine()
    expect((await old.penstock('migrate')).code).toBe(0)
    await old.start()
    const whole = await ingest(old.client, 'whole')
    await jobThat(old.client, whole, 'completed')
    const contents = await ask(old.database, database => contentsOf(database, 'whole'))
    const search = { body: { kb_id: 'whole', query: 'lorem7 ipsum3', top_k: 5 } }
    const found = (await old.client.search(search)).hits.map(({ uri, chunk_id }) => [uri, chunk_id])

    provider.latencyMs = 400
    const paused = await ingest(old.client, 'paused')
    await until('some of it is stored', async () => (await stored(old.database, 'paused')) > 0, 60_000)
    await old.client.pause({ params: { kb_id: 'paused' }, body: {} })
    await jobThat(old.client, paused, 'paused')
    const running = await ingest(old.client, 'running')
    await until('some of it is stored', async () => (await stored(old.database, 'running')) > 0, 60_000)
    const dump = join(folder, 'penstock.dump')
    const tool = async (name: string, ...args: readonly string[]) =>
      promisify(execFile)(join(await binaries(), name), [...args])
    await tool('pg_dump', '--format=custom', '--file', dump, old.database)
    expect((await old.client.job({ params: { job_id: running } })).status, 'when the backup was made').toBe('running')
    await old.stop()
    provider.latencyMs = 0

    const fresh = await machine()
    await tool('pg_restore', '--exit-on-error', '--no-owner', '--dbname', fresh.database, dump)
    await expect(fresh.start(), 'roles before the recovery').rejects.toThrow(/penstock recover/)
    const recovered = await fresh.penstock('recover', '--json')
    expect({ code: recovered.code, said: JSON.parse(recovered.output) }).toEqual({
      code: 0,
      said: {
        again: [
          { job_id: paused, kb_id: 'paused' },
          { job_id: running, kb_id: 'running' },
        ],
        given_up: [],
      },
    })
    await fresh.start()
    expect((await fresh.client.search(search)).hits.map(({ uri, chunk_id }) => [uri, chunk_id])).toEqual(found)
    expect(await jobThat(fresh.client, running, 'completed')).toMatchObject({ metrics: { rejected: 1 } })
    expect((await fresh.client.job({ params: { job_id: paused } })).status).toBe('paused')
    await fresh.client.resume({ params: { kb_id: 'paused' }, body: {} })
    await jobThat(fresh.client, paused, 'completed')
    for (const kb of ['whole', 'paused', 'running'])
      expect(await ask(fresh.database, database => contentsOf(database, kb)), kb).toEqual(contents)
    const verified = await fresh.penstock('verify')
    expect({ code: verified.code, said: verified.output }).toMatchObject({ code: 0 })
    expect((await fresh.penstock('recover')).output).toContain('This Kafka has been used by Penstock')
  })
})

/** Rows of chunks of a knowledge base, visible or not. */
const stored = (url: string, kb: string) =>
  ask(url, async database => {
    const { rows } = await database.query<{ number: number }>('select number from knowledge_base where id = $1', [kb])
    if (!rows[0]) return 0
    const { rows: counted } = await database.query<{ n: string }>(`select count(*) as n from chunks_${rows[0].number}`)
    return Number(counted[0]!.n)
  })
