import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knowledgeBases } from '../../src/knowledge/catalogue.ts'
import type { TableWriter } from '../../src/knowledge/knowledge-base.ts'
import { createKnowledgeStore } from '../../src/knowledge/pgvector.ts'
import { createTableCatalogue } from '../../src/knowledge/table-catalogue.ts'
import { readerRole } from '../../src/knowledge/table-flips.ts'
import { createTableStore } from '../../src/knowledge/table-store.ts'
import { migrateUp } from '../../src/migrate.ts'
import type { Effects } from '../../src/runtime/effects.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { Rows } from '../../src/schemas/rows.ts'
import type { TableEnd } from '../../src/schemas/table-end.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'
import { jobOf } from './records.ts'

const { signal } = new AbortController()
const columns = JSON.stringify([
  { name: 'id', type: 'bigint', nullable: false, key: true },
  { name: 'wo"rd', type: 'text', nullable: true, key: false },
  { name: 'price', type: 'numeric(8,2)', nullable: true, key: false },
  { name: 'day', type: 'date', nullable: true, key: false },
])
type Cells = readonly (string | null)[]

describe.each(databases)('tables on %s', (_, open) => {
  let opened: TestDatabase
  let tables: Effects<TableWriter>
  let bases = 0
  beforeAll(async () => {
    opened = await open()
    await migrateUp(opened.database)
    tables = createTableStore(opened.database)
  })
  afterAll(() => opened?.close())

  const newBase = async (): Promise<LaneJob> => {
    const job = jobOf(`kb-${bases++}`)
    await opened.database.orm.em.fork().transactional(tx => knowledgeBases.create(tx, job))
    return job
  }
  const next = (job: LaneJob): LaneJob => ({ ...job, run: job.run + 1, job_id: `${job.job_id}+` })
  const about = ({ job_id }: LaneJob) => ({ job_id, source: 'structured:/x.csv', table: "it's", columns })
  const rowsOf = (job: LaneJob, cells: readonly Cells[], from = 1): Rows => ({
    ...about(job),
    ...{ type: 'rows', file: 0, uri: 'file:///x.csv' },
    rows: cells.map((cells, i) => ({ row: from + i, cells })),
  })
  const endOf = (job: LaneJob, rows: number): TableEnd => ({
    ...about(job),
    ...{ type: 'table_end', files: ['file:///x.csv'], rows, rejected: 0 },
  })
  /** A slice of a lane that begins at `first`, and what was refused of it. */
  const apply = async (job: LaneJob, first: number, records: readonly (Rows | TableEnd)[], lane = 0) => {
    const claim = await tables.claim(job.job_id, 'tabulating', lane)
    return tables.apply(claim, first, first + records.length, async (writer, from) => {
      const refused = await writer.tabulate(job, lane, records.slice(from - first))
      return [...refused].flatMap(([i, parts]) =>
        parts.map(({ uri, reject: { code, message } }) => ({ offset: from + i, code, message, uri })),
      )
    })
  }
  const finish = async (job: LaneJob) => {
    const store = createKnowledgeStore(opened.database)
    for (const step of ['flip_tables', 'drop_unflipped', 'prune_versions'] as const)
      await store.finish(job, step, signal)
  }
  const catalogue = () => createTableCatalogue(opened.database.pool)
  const read = async (job: LaneJob, where = {}, after: string | null = null, limit = 10) =>
    (await catalogue().rows(job.kb_id, "it's", { limit, after, where }))!
  const loads = async (job: LaneJob): Promise<string[]> => {
    const { rows } = await opened.database.pool.query<{ name: string }>(
      `select tablename as name from pg_tables
       where schemaname = (select 'kb_' || number from knowledge_base where id = $1) order by 1`,
      [job.kb_id],
    )
    return rows.map(({ name }) => name)
  }

  test('stay at the later of two loads, whichever is flipped last', async () => {
    const first = await newBase()
    const second = next(first)
    for (const job of [first, second])
      await apply(job, 0, [rowsOf(job, [[String(job.run), null, null, null]]), endOf(job, 1)])
    const store = createKnowledgeStore(opened.database)
    await store.finish(second, 'flip_tables', signal)
    const shown = await catalogue().list(first.kb_id)
    await store.finish(first, 'flip_tables', signal)
    expect((await read(first)).rows).toMatchObject([{ id: '2' }])
    expect(await catalogue().list(first.kb_id)).toEqual(shown)
  })

  test('are typed, and seen by nobody before the load is flipped', async () => {
    const job = await newBase()
    const special = 'a\tb\\N\r\nc\\'
    await apply(job, 0, [
      rowsOf(job, [
        ['9007199254740993', special, '1.5', '2024-02-29'],
        ['1', null, null, null],
      ]),
      endOf(job, 2),
    ])
    expect(await catalogue().list(job.kb_id)).toEqual([])
    await finish(job)
    expect((await read(job)).rows).toEqual([
      { id: '1', 'wo"rd': null, price: null, day: null },
      { id: '9007199254740993', 'wo"rd': special, price: '1.50', day: '2024-02-29' },
    ])
    expect(await catalogue().get(job.kb_id, "it's")).toMatchObject({
      rows: 2,
      rejected: 0,
      source: 'structured:/x.csv',
    })
  })

  test('have each row once, however often its slice is delivered', async () => {
    const job = await newBase()
    const slice = [
      rowsOf(job, [
        ['1', 'a', null, null],
        ['2', 'b', null, null],
      ]),
    ]
    await apply(job, 0, slice)
    await apply(job, 0, [...slice, rowsOf(job, [['3', 'c', null, null]], 3)])
    await apply(job, 2, [endOf(job, 3)])
    await finish(job)
    expect((await read(job)).rows.map(({ id }) => id)).toEqual(['1', '2', '3'])
  })

  test('keep the first row of a key, and name the later ones; a slice that is delivered again names them again', async () => {
    const job = await newBase()
    await apply(job, 0, [
      rowsOf(job, [
        ['1', 'first', null, null],
        ['1', 'second', null, null],
      ]),
    ])
    const slice = [
      rowsOf(
        job,
        [
          ['2', 'other', null, null],
          ['1', 'third', null, null],
        ],
        3,
      ),
      endOf(job, 4),
    ]
    const refused = await apply(job, 1, slice)
    expect(refused).toEqual([
      {
        ...{ offset: 1, code: 'duplicate_key', uri: 'file:///x.csv#row=4' },
        message: 'Row 4 of file:///x.csv has the key id = 1 of row 1 of file:///x.csv, which is the one in the table.',
      },
    ])
    expect(await apply(job, 1, slice)).toEqual(refused)
    await finish(job)
    expect((await read(job)).rows.map(row => row['wo"rd'])).toEqual(['first', 'other'])
    expect(await catalogue().get(job.kb_id, "it's")).toMatchObject({ rows: 2, rejected: 2 })
  })

  test('leave out what PostgreSQL will not take, by name, and have the rest', async () => {
    const job = await newBase()
    const bad = rowsOf(job, [
      ['1', 'a', null, null],
      ['2', 'b', '1', 'no day'],
      ['3', 'c', null, null],
    ])
    expect(await apply(job, 0, [bad, endOf(job, 3)])).toMatchObject([{ code: 'bad_row', uri: 'file:///x.csv#row=2' }])
    await finish(job)
    expect((await read(job)).rows.map(({ id }) => id)).toEqual(['1', '3'])
  })

  test('leave out a row whose key is larger than an index takes, and have the rest', async () => {
    const job = await newBase()
    const keyed = JSON.stringify([{ name: 'id', type: 'text', nullable: false, key: true }])
    const hashes = Array.from({ length: 200 }, (_, i) => createHash('sha256').update(`${i}`).digest('base64'))
    const rows = { ...rowsOf(job, [['a'], [hashes.join('')], ['c']]), columns: keyed }
    const refused = await apply(job, 0, [rows, { ...endOf(job, 3), columns: keyed }])
    expect(refused).toMatchObject([{ code: 'bad_row', uri: 'file:///x.csv#row=2' }])
    expect(refused[0]!.message).toContain('PostgreSQL does not take it: index row')
    await finish(job)
    expect((await read(job)).rows).toEqual([{ id: 'a' }, { id: 'c' }])
  })

  test('are replaced whole by the next load, whose columns may differ, and the old one is dropped', async () => {
    const job = await newBase()
    await apply(job, 0, [rowsOf(job, [['1', 'old', null, null]]), endOf(job, 1)])
    await finish(job)
    const [old] = await loads(job)
    const second = next(job)
    const fewer = JSON.stringify([{ name: 'id', type: 'text', nullable: false, key: true }])
    await apply(second, 0, [{ ...rowsOf(second, [['x']]), columns: fewer }])
    expect((await read(job)).rows).toMatchObject([{ id: '1', 'wo"rd': 'old' }])
    await apply(second, 1, [{ ...endOf(second, 1), columns: fewer }])
    await finish(second)
    expect((await read(job)).rows).toEqual([{ id: 'x' }])
    const left = await loads(job)
    expect(left).toHaveLength(1)
    expect(left).not.toContain(old)
  })

  test('stay as they were when a load is not whole, or is cancelled, and nothing of it is left', async () => {
    const job = await newBase()
    await apply(job, 0, [rowsOf(job, [['1', 'old', null, null]]), endOf(job, 1)])
    await finish(job)
    const second = next(job)
    await apply(second, 0, [rowsOf(second, [['2', 'new', null, null]]), endOf(second, 2)])
    const store = createKnowledgeStore(opened.database)
    await expect(store.finish(second, 'flip_tables', signal)).rejects.toMatchObject({ code: 'table_incomplete' })
    expect((await read(job)).rows).toMatchObject([{ id: '1' }])
    await store.finish(second, 'drop_unflipped', signal)
    expect(await loads(job)).toHaveLength(1)
  })

  test('are filled by one source, and another is told so', async () => {
    const job = await newBase()
    await apply(job, 0, [rowsOf(job, [['1', 'a', null, null]]), endOf(job, 1)])
    await finish(job)
    const second = next(job)
    const other = { ...rowsOf(second, [['2', 'b', null, null]]), source: 'structured:/y.csv' }
    await expect(apply(second, 0, [other])).rejects.toMatchObject({ code: 'table_taken' })
  })

  test('without a key have their rows in the order of the files', async () => {
    const job = await newBase()
    const keyless = columns.replace('"key":true', '"key":false')
    const of = (cells: readonly Cells[], from: number): Rows => ({ ...rowsOf(job, cells, from), columns: keyless })
    await apply(job, 0, [of([['7', 'b', null, null]], 2)], 1)
    await apply(job, 0, [of([['7', 'a', null, null]], 1), { ...endOf(job, 2), columns: keyless }])
    await finish(job)
    expect((await read(job)).rows.map(row => row['wo"rd'])).toEqual(['a', 'b'])
  })

  test('are read page by page, by what columns are equal to; what cannot be asked is said', async () => {
    const job = await newBase()
    const cells = Array.from({ length: 25 }, (_, i) => [String(i), i % 2 ? 'odd' : 'even', null, '2024-01-01'])
    await apply(job, 0, [rowsOf(job, cells), endOf(job, 25)])
    await finish(job)
    const found: unknown[] = []
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<typeof read>> = await read(
        job,
        { 'wo"rd': 'odd', day: '2024-01-01', price: null },
        after,
        5,
      )
      found.push(...page.rows.map(({ id }) => Number(id)))
      after = page.next
    } while (after !== null)
    expect(found).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23])
    await expect(read(job, { colour: 'red' })).rejects.toMatchObject({ code: 'bad_filter' })
    await expect(read(job, { day: 'no day' })).rejects.toMatchObject({ code: 'bad_filter' })
    const cursor = (...values: string[]) => Buffer.from(JSON.stringify(values)).toString('base64url')
    for (const made of ['bm8', cursor('\0', '1'), cursor('\0'), cursor('no number')])
      await expect(read(job, {}, made)).rejects.toMatchObject({ code: 'bad_cursor' })
    await expect(read(job, { day: 'no day' }, cursor('1'))).rejects.toMatchObject({ code: 'bad_filter' })
    expect(await catalogue().rows(job.kb_id, 'other', { limit: 1, after: null, where: {} })).toBeNull()
    expect(await catalogue().list('other')).toBeNull()
  })

  test('can be read, and nothing else, by members of the role for readers', async () => {
    const job = await newBase()
    await apply(job, 0, [rowsOf(job, [['1', 'a', null, null]]), endOf(job, 1)])
    await finish(job)
    const { sql_name } = (await catalogue().get(job.kb_id, "it's"))!
    const client = await opened.database.pool.connect()
    const refused = (sql: string) =>
      client
        .query(`begin; set local role ${readerRole}; ${sql}`)
        .then(
          () => null,
          error => error.code,
        )
        .finally(() => client.query('rollback'))
    try {
      expect(await refused(`select * from ${sql_name}`)).toBeNull()
      expect(await refused(`delete from ${sql_name}`)).toBe('42501')
      expect(await refused('select * from job')).toBe('42501')
      expect(await refused(`select * from ${sql_name.replace(/"it's"$/, (await loads(job))[0]!)}`)).toBe('42501')
    } finally {
      client.release()
    }
  })
})
