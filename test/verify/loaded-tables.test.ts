import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import { findBase, type StoredBase } from '../../src/knowledge/settings.ts'
import { flipTables } from '../../src/knowledge/table-flips.ts'
import { createLoadTable, loadTable } from '../../src/knowledge/tables.ts'
import { migrateUp } from '../../src/migrate.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import { createFindings } from '../../src/verify/findings.ts'
import { checkLoadedTables, dropLeftOverLoads } from '../../src/verify/loaded-tables.ts'
import { openPostgres, type TestDatabase } from '../kit/databases.ts'

let opened: TestDatabase
let kb: StoredBase
beforeAll(async () => {
  opened = await openPostgres()
  await migrateUp(opened.database)
})
afterAll(() => opened?.close())

const sql = async (text: string, ...values: readonly unknown[]) =>
  (await opened.database.pool.query(text, [...values])).rows
const columns = [{ name: 'city', type: 'text', nullable: false, key: true }]
const { signal } = new AbortController()

beforeEach(async () => {
  for (const { number } of await sql('select number from knowledge_base')) {
    await sql(`drop table chunks_${number}`)
    await sql(`drop schema if exists kb_${number} cascade`)
  }
  await sql('truncate loaded_table, table_load, lane, job, knowledge_base cascade')
  const settings = {
    embedding: { provider: 'hashing', model: 'test', dimensions: 4 },
    chunking: { strategy: 'markdown', chunk_size: 64, chunk_overlap: 8 },
  } as const
  await opened.database.orm.em.fork().transactional(tx => knowledgeBases.create(tx, { kb_id: 'atlas', ...settings }))
  kb = (await findBase(opened.database.pool, 'atlas'))!
})

/** A load of two rows, with one reject. */
const load = async (run: number, status = 'completed'): Promise<string> => {
  await sql(
    `insert into job (id, kb_id, kind, status, submission, state, run) values ($1, 'atlas', 'run', $2, '{}', '{}', $3)`,
    ...[`job-${run}`, status, run],
  )
  const [{ id }] = await sql(
    `insert into table_load (kb_id, name, run, job_id, source, columns, expected, rejected)
     values ('atlas', 'cities', $1, $2, 's', $3, 3, 0) returning id`,
    ...[run, `job-${run}`, JSON.stringify(columns)],
  )
  for (const statement of createLoadTable(kb.number, id, columns)) await sql(statement)
  await sql(`insert into ${loadTable(kb.number, id)} values ('Rome', 0, 0), ('Oslo', 0, 1)`)
  await sql('insert into table_load_lane (load_id, lane, rows, refused) values ($1, 0, 2, 1)', id)
  return id
}
const flip = (run: number) => flipTables(opened.database, kb, { run } as LaneJob, signal)
const found = async () => {
  const findings = createFindings('atlas', 10)
  await checkLoadedTables(opened.database.pool, kb, findings)
  return findings.report().differences.map(one => [one.code, one.found, one.repair !== null])
}

test('a table that is as it was loaded has no differences, nor has one that a job still loads', async () => {
  await load(1)
  await flip(1)
  await load(2, 'running')
  expect(await found()).toEqual([])
  expect(await dropLeftOverLoads(opened.database.pool, kb)).toBe(0)
})

test('rows that are gone, and counts that differ from those that LOADING sent, are found', async () => {
  const id = await load(1)
  await flip(1)
  await sql(`delete from ${loadTable(kb.number, id)} where city = 'Oslo'`)
  await sql('update table_load set expected = 4 where id = $1', id)
  expect(await found()).toEqual([
    ['table_rows', '1 rows', false],
    ['table_rows', '2 rows and 1 rejects', false],
  ])
})

test('rejects that a lane counted after the table became visible are found', async () => {
  await load(1)
  await flip(1)
  await sql('update table_load_lane set refused = 2')
  expect(await found()).toEqual([['table_rows', '2 rows and 2 rejects', false]])
})

test('a view that is gone, or shows another load than the last whole one, is found', async () => {
  const first = await load(1)
  await flip(1)
  await load(2)
  await flip(2)
  await sql(`create or replace view kb_${kb.number}.cities as select city from ${loadTable(kb.number, first)}`)
  expect((await found())[0]).toEqual(['table_view', `it shows ${loadTable(kb.number, first)}`, false])
  await sql(`drop view kb_${kb.number}.cities`)
  expect((await found())[0]).toEqual(['table_view', 'no such view', false])
})

test('loads that nobody sees are found and dropped when their job has ended, and what readers see stays', async () => {
  await load(1)
  await flip(1)
  const cancelled = await load(2, 'cancelled')
  expect(await found()).toEqual([['load_left_over', `the load ${cancelled}, of run 2`, true]])
  expect(await dropLeftOverLoads(opened.database.pool, kb)).toBe(1)
  expect(await found()).toEqual([])
  expect(await sql(`select to_regclass('${loadTable(kb.number, cancelled)}') as there`)).toEqual([{ there: null }])
  expect(await sql(`select city from kb_${kb.number}.cities order by city`)).toEqual([
    { city: 'Oslo' },
    { city: 'Rome' },
  ])
})

test('a load of a failed job that may be retried is its own until the job is closed', async () => {
  await load(1, 'failed')
  expect(await found()).toEqual([])
  await sql('update job set closed_at = now()')
  expect((await found()).map(([code]) => code)).toEqual(['load_left_over'])
})
