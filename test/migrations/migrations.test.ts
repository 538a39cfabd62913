import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/database.ts'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { createKnowledgeStore } from '../../src/knowledge/pgvector.ts'
import { migrateDown, migrateUp, migrationStatus } from '../../src/migrate.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'
import { silent } from '../kit/log.ts'
import { jobOf, listingOf, recordsOf } from '../knowledge/records.ts'

const all = [
  'Migration0001_knowledge',
  'Migration0002_jobs',
  'Migration0003_gates',
  'Migration0004_replays',
  'Migration0005_crawls',
  'Migration0007_tables',
  'Migration0008_streams',
  'Migration0009_refresh',
  'Migration0010_traces',
  'Migration0011_tenants',
  'Migration0012_deletions',
]

/** A knowledge base with a document, through the store. */
const fillKnowledge = async (database: Database) => {
  const job = jobOf('kb')
  await database.orm.em.fork().transactional(tx => knowledgeBases.create(tx, { ...job, kb_id: job.kb_id }))
  const store = createKnowledgeStore(database)
  const records = recordsOf(job, { uri: 'a', texts: ['quick fox', 'lazy dog'] })
  const claim = await store.claim(job.job_id, 'indexing', 0)
  await store.apply(claim, 0, records.length, async writer => {
    await writer.write(job, records)
    return []
  })
  await store.listed(job, [{ documentId: 'd', source: 's', uri: 'u', contentHash: 'h' }], listingOf)
}
const fillJobs = async ({ pool }: Database) => {
  await pool.query(
    `insert into job (id, kb_id, kind, status, submission, state, run) values ('j', 'kb', 'run', 'running', '{}', '{}', 1)`,
  )
  await pool.query(`insert into command (job_id, verb) values ('j', 'start')`)
}

/** Every row of what each migration made, so that versions of the database can be compared. */
const contents = async ({ pool }: Database) => {
  const { rows } = await pool.query<{ table: string }>(
    `select table_name as table from information_schema.tables
     where table_schema = 'public' and table_name not like 'mikro%' order by 1`,
  )
  const found: Record<string, unknown> = {}
  for (const { table } of rows)
    found[table] = (await pool.query(`select to_jsonb(t) as row from ${table} t order by 1`)).rows.map(({ row }) => row)
  return found
}

const ofKnowledge = ['applied', 'chunks_1', 'document', 'document_version', 'knowledge_base', 'seen']
const only = (found: Record<string, unknown>, tables: readonly string[]) =>
  Object.fromEntries(tables.map(table => [table, table === 'document' ? asAtFirst(found[table]) : found[table]]))
/** Documents without what a later migration added to them, and takes along when it goes. */
const asAtFirst = (rows: unknown) =>
  (rows as Record<string, unknown>[]).map(({ job_id, traceparent, origin, maker_id, ...first }) => first)

describe.each(databases)('migrations on %s', (name, open) => {
  let opened: TestDatabase
  let database: Database
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())
  beforeEach(async () => {
    await opened.database.pool.query('drop schema public cascade')
    await opened.database.pool.query('create schema public')
    database = await openDatabase({ url: opened.url, poolMax: 2, log: silent })
  })
  afterEach(() => database.close())

  test('go up from empty, down to empty, and up again', async () => {
    expect(await migrationStatus(database)).toEqual({ applied: [], pending: all })
    expect(await migrateUp(database)).toEqual(all)
    const fresh = await contents(database)
    expect((await migrationStatus(database)).pending).toEqual([])
    expect(await migrateUp(database)).toEqual([])
    await fillKnowledge(database)
    await fillJobs(database)
    expect(await migrateDown(database, '0')).toEqual(all.toReversed())
    expect(await contents(database)).toEqual({})
    expect(await migrateUp(database)).toEqual(all)
    expect(await contents(database)).toEqual(fresh)
  })

  test('down to the first version and up again, the jobs come and go, and the knowledge stays as it was', async () => {
    expect(await migrateUp(database, 'Migration0001_knowledge')).toEqual(all.slice(0, 1))
    expect(Object.keys(await contents(database))).toEqual(ofKnowledge.filter(table => table !== 'chunks_1'))

    expect(await migrateUp(database)).toEqual(all.slice(1))
    await fillKnowledge(database)
    const before = only(await contents(database), ofKnowledge)
    expect(before.chunks_1).toHaveLength(2)
    await fillJobs(database)
    expect(await migrateDown(database, 'Migration0001_knowledge')).toEqual(all.slice(1).toReversed())
    expect(await contents(database)).toEqual(before)
    expect(await migrateUp(database)).toEqual(all.slice(1))
    expect(only(await contents(database), ofKnowledge)).toEqual(before)
  })

  test('a name that is not applied takes nothing back', async () => {
    await migrateUp(database, 'Migration0002_jobs')
    for (const name of ['0001', 'Migration0001', 'Migration0003_gates'])
      await expect(migrateDown(database, name)).rejects.toThrow(
        `No migration ${name} is applied. Give one of Migration`,
      )
    expect((await migrationStatus(database)).applied).toHaveLength(2)
  })

  test('what other tenants have does not become that of default by a way back', async () => {
    await migrateUp(database)
    await database.pool.query(`insert into knowledge_base_owner (kb_id, tenant) values ('kb', 'acme')`)
    await expect(migrateDown(database, '0')).rejects.toThrow('tenants other than default')
    expect((await migrationStatus(database)).pending).toEqual([])
  })

  test('a migration that fails leaves the database as it was', async () => {
    await database.pool.query('create table job (mine int)')
    await expect(migrateUp(database)).rejects.toThrow('job')
    expect(await contents(database)).toEqual({ job: [] })
    expect((await migrationStatus(database)).pending).toEqual(all)
  })

  test.each(['nothing', 'Migration0009_refresh'])(
    'several at once from %s apply each one once, and none fails',
    async from => {
      const others = await Promise.all([1, 2].map(() => openDatabase({ url: opened.url, poolMax: 1, log: silent })))
      try {
        const before = from === 'nothing' ? [] : await migrateUp(database, from)
        const applied = await Promise.all([database, ...others].map(one => migrateUp(one)))
        expect(applied.toSorted((a, b) => b.length - a.length)).toEqual([all.slice(before.length), [], []])
        expect((await migrationStatus(database)).applied.map(({ name }) => name)).toEqual(all)
      } finally {
        await Promise.all(others.map(other => other.close()))
      }
    },
  )

  // On PGlite one transaction at a time is all there is.
  test.runIf(name === 'PostgreSQL')(
    'while another migrates, one that has waited as long as anything may wait says so',
    async () => {
      await migrationStatus(database)
      const holder = await opened.database.pool.connect()
      try {
        await database.pool.query(`set lock_timeout = '200ms'`)
        await holder.query('begin; lock table mikro_orm_migrations in share row exclusive mode')
        await expect(migrateUp(database)).rejects.toThrow('Another process migrates this database')
      } finally {
        await holder.query('rollback')
        holder.release()
      }
    },
  )

  test('all times are with time zone and made by the database', async () => {
    await migrateUp(database)
    const { rows } = await database.pool.query(
      `select table_name, column_name, data_type from information_schema.columns
       where table_schema = 'public' and table_name not like 'mikro%' and data_type like 'timestamp%'`,
    )
    expect(rows.length).toBeGreaterThan(3)
    expect(rows.filter(row => row.data_type !== 'timestamp with time zone')).toEqual([])
  })

  test('the entities are what the tables are', async () => {
    await migrateUp(database)
    for (const { class: entity } of database.orm.getMetadata().getAll().values())
      await database.orm.em.fork().findAll(entity, { limit: 1 })
  })
})
