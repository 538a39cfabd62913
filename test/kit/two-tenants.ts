import { createKeyRing } from '../../src/access/key-ring.ts'
import { createKeys } from '../../src/access/key-store.ts'
import type { Access } from '../../src/api/doors/access.ts'
import { createServer } from '../../src/api/server.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { memoryKafka } from '../../src/kafka/memory.ts'
import { openMetering } from '../../src/metering.ts'
import { migrateUp } from '../../src/migrate.ts'
import { openModels } from '../../src/models/open.ts'
import type { Parts } from '../../src/parts.ts'
import { untraced } from '../../src/runtime/tracing.ts'
import { topicSpecs } from '../../src/schemas/topic-specs.ts'
import { Fetcher } from '../../src/sources/fetcher.ts'
import { tenantPorts } from '../../src/tenant-ports.ts'
import type { TestDatabase } from './databases.ts'
import { silent } from './log.ts'
import { parsersHere } from './parsers-here.ts'
import { temporaryFolder } from './temporary-folder.ts'

const unused = () => Promise.reject(new Error('This is not part of the test.'))

/** The API that wants keys, over a real database and a Kafka in memory. */
export const openClosedApi = async (open: () => Promise<TestDatabase>) => {
  const { folder, remove } = temporaryFolder('tenants')
  const { database, close } = await open()
  await migrateUp(database)
  const config: Config = loadConfig({ env: {}, cwd: folder, flags: { dataDir: folder } })
  const broker = memoryKafka().connect()
  await broker.ensureTopics(topicSpecs(config.jobs.lanes, config.upstream.partitions))
  const fetcher = new Fetcher({ ...config.fetch, userAgent: 'test' })
  const parts: Parts = {
    ...{
      config,
      log: silent,
      tracing: untraced,
      embedderFor: openModels(config),
      metering: openMetering(config, silent),
    },
    ...{ codec: unused, gate: unused, store: unused, tables: unused, close: async () => undefined },
    broker: async () => broker,
    database: async () => database,
    parsers: async () => ({ ...parsersHere, close: async () => undefined }) as Awaited<ReturnType<Parts['parsers']>>,
    fetcher: async () => fetcher,
  }
  const portsOf = await tenantPorts(parts, () => undefined)
  const ring = createKeyRing({ em: database.orm.em, adminKey: null, log: silent })
  const access: Access = {
    ...{ open: false, hosts: [], origins: [], perMinute: 0 },
    async find(secret, seenAlone) {
      const found = await ring.find(secret, seenAlone)
      return found && { tenant: found.tenant, scopes: found.scopes, key: found.id }
    },
  }
  const app = createServer(portsOf('default'), access, portsOf)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    database,
    pool: database.pool,
    folder,
    keys: createKeys(database.orm.em),
    async close() {
      await app.close()
      fetcher.close()
      await close()
      remove()
    },
  }
}

export type ClosedApi = Awaited<ReturnType<typeof openClosedApi>>

/** What a tenant has: a knowledge base with all that hangs on it, each with a word that stands nowhere else. */
export interface Belongings {
  readonly tenant: string
  readonly kb: string
  readonly job: string
  readonly canary: string
  readonly secret: string
  readonly keyId: string
}

export const furnish = async ({ url, pool, keys }: ClosedApi, tenant: string): Promise<Belongings> => {
  const [kb, canary] = [`kb-of-${tenant}`, `canary${tenant}`]
  const { secret, key_id: keyId } = await keys.create({ tenant, name: canary, scopes: ['admin'], expires_at: null })
  const call = async (method: string, path: string, body: string, type: string) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': type }
    const answer = await fetch(url + path, { method, headers, body })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return answer.json() as Promise<{ readonly job_id: string }>
  }
  await call('PUT', `/api/knowledge-bases/${kb}/uploads/${canary}.md`, canary, 'text/markdown')
  const source = { type: 'local_files', uploads: true, include: [`${canary}*`], refresh_every: '1d' }
  const { job_id: job } = await call(
    'POST',
    '/ingest',
    JSON.stringify({ kb_id: kb, sources: [source] }),
    'application/json',
  )
  const { rows } = await pool.query<{ number: number }>('select number from knowledge_base where id = $1', [kb])
  const number = rows[0]!.number
  for (const [text, ...values] of [
    [
      `insert into document (kb_id, document_id, source, uri, title, media_type, active_version, content_hash, settings_hash, chunks)
       values ($1, 'd1', $2, $2, $2, 'text/plain', 1, 'h', 'h', 1)`,
      kb,
      canary,
    ],
    [
      `insert into chunks_${number} (document_id, version, position, chunk_id, start_offset, tokens, headings, text)
       values ('d1', 1, 0, 'c1', 0, 1, '', $1)`,
      canary,
    ],
    [
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts, uri, document_id, source, input)
       values (0, $3, $1, $2, 'loading', 't', 0, 0, 'c', $4, 1, $4, 'd1', 'local_files:uploads', '{}')`,
      ...[job, kb, number, canary],
    ],
    [
      `insert into dead_letter (lane, position, job_id, kb_id, stage, input_topic, input_lane, input_offset, code, message, attempts, uri)
       values (1, $2, 'INTAKE', $1, 'intake', 't', 0, 0, 'c', $3, 1, $3)`,
      ...[kb, number, canary],
    ],
    [
      `update job set state = jsonb_set(state, '{message}', jsonb_build_object('text', $2::text, 'at', 0)) where id = $1`,
      job,
      canary,
    ],
    [
      `insert into parked_event (partition, position, kb_id, key, value, headers, at, bytes) values (0, $2, $1, $3, '', '{}', 0, 1)`,
      ...[kb, number, canary],
    ],
    [
      `insert into table_load (kb_id, name, run, job_id, source, columns, files, rejected)
       values ($1, 'prices', 1, $2, $3, '[{"name": "word", "type": "text", "key": false}]', '[]', 0)`,
      ...[kb, job, canary],
    ],
    [
      `insert into loaded_table (kb_id, name, load_id, rows, refused)
       select kb_id, name, id, 1, 0 from table_load where kb_id = $1`,
      kb,
    ],
  ] as (readonly [string, ...(string | number)[]])[])
    await pool.query(text, values)
  const load = (await pool.query<{ id: string }>('select id from table_load where kb_id = $1', [kb])).rows[0]!.id
  const { loadTable, schemaOf } = await import('../../src/knowledge/tables.ts')
  await pool.query(`create schema if not exists ${schemaOf(number)}`)
  await pool.query(`create table ${loadTable(number, load)} (_file int, _row bigint, word text)`)
  await pool.query(`insert into ${loadTable(number, load)} values (0, 1, $1)`, [canary])
  return { tenant, kb, job, canary, secret, keyId }
}
