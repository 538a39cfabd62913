import type { Pool, PoolClient } from 'pg'
import { codeOf, Fatal, messageOf } from '../runtime/errors.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { StoredBase } from './settings.ts'
import { loadTable, quoted, schemaOf, type TableColumn } from './tables.ts'
import { inTransaction } from './transaction.ts'

/** Everybody who may read tables, and nothing else, is a member of this role. */
export const readerRole = 'penstock_reader'

interface EndedLoad {
  readonly id: string
  readonly name: string
  readonly columns: readonly TableColumn[]
  readonly expected: string | null
  readonly rows: string
  readonly refused: string
}

/**
 * Makes the loads of a run the tables that readers see, in one transaction. Rows that are missing, or too many, are Fatal
 * `table_incomplete`: the old load goes on answering. Safe to repeat, and to come late: where a later load is what readers
 * see, it stays.
 */
export const flipTables = async (
  { pool, embedded }: { readonly pool: Pool; readonly embedded: boolean },
  kb: StoredBase,
  { run }: LaneJob,
  signal: AbortSignal,
): Promise<string> => {
  const { rows: loads } = await pool.query<EndedLoad>(
    `select l.id, l.name, l.columns, l.expected, coalesce(sum(c.rows), 0) as rows, coalesce(sum(c.refused), 0) as refused
     from table_load l left join table_load_lane c on c.load_id = l.id
     where l.kb_id = $1 and l.run = $2 group by l.id order by l.name`,
    [kb.id, run],
  )
  const wrong = loads.filter(
    ({ expected, rows, refused }) => Number(expected ?? Number.NaN) !== Number(rows) + Number(refused),
  )
  if (wrong.length > 0) throw incomplete(kb, wrong)
  if (loads.length > 0) await ensureReader(pool)
  signal.throwIfAborted()
  await inTransaction(pool, 'begin', async client => {
    for (const load of loads) await flip(client, kb, load)
  })
  // A server does this by itself.
  if (embedded) for (const { id } of loads) await pool.query(`analyze ${loadTable(kb.number, id)}`)
  return loads.length === 1 ? 'One table is up to date.' : `${loads.length} tables are up to date.`
}

const incomplete = ({ id }: StoredBase, loads: readonly EndedLoad[]): Fatal => {
  const said = loads.map(
    ({ name, expected, rows, refused }) =>
      `${name} was to get ${expected ?? 'an unknown number of'} rows and got ${Number(rows) + Number(refused)}`,
  )
  return new Fatal(
    'table_incomplete',
    `Tables of ${id} are not whole: ${said.join('; ')}. What was there before still answers; start a new run.`,
  )
}

const flip = async (client: PoolClient, { id, number }: StoredBase, load: EndedLoad): Promise<void> => {
  // The row is taken first: of two that flip the same table the later load wins, whoever comes last.
  const { rows: mine } = await client.query(
    `insert into loaded_table (kb_id, name, load_id, rows, refused) values ($1, $2, $3, $4, $5)
     on conflict (kb_id, name) do update set load_id = $3, rows = $4, refused = $5, loaded_at = now()
     where loaded_table.load_id < $3 returning 1`,
    [id, load.name, load.id, load.rows, load.refused],
  )
  if (mine.length === 0) return
  const view = `${schemaOf(number)}.${quoted(load.name)}`
  const columns = load.columns.map(({ name }) => quoted(name)).join(', ')
  const definition = `view ${view} as select ${columns} from ${loadTable(number, load.id)}`
  await client.query('savepoint flip')
  try {
    await client.query(`create or replace ${definition}`)
  } catch (error) {
    if (codeOf(error) !== columnsDiffer) throw error
    await client.query('rollback to savepoint flip')
    await client.query(`drop view ${view}`).catch(inUse(load.name))
    await client.query(`create ${definition}`)
  }
  const { rows } = await client.query(`select from pg_roles where rolname = '${readerRole}'`)
  if (rows.length > 0) {
    await client.query(`grant usage on schema ${schemaOf(number)} to ${readerRole}`)
    await client.query(`grant select on ${view} to ${readerRole}`)
  }
}

/** A view cannot be replaced by one that lacks a column, or has it with another type. */
const columnsDiffer = '42P16'

/** Objects of others, such as a view of a view, are not dropped. */
const inUse =
  (table: string) =>
  (error: unknown): never => {
    throw new Fatal(
      'table_in_use',
      `The table ${table} has other columns now, and something depends on the old ones: ${messageOf(error)}. Drop that, and retry.`,
      { cause: error },
    )
  }

/** The role for readers, where this user may make one; an administrator can make it by hand. */
const ensureReader = async (pool: Pool): Promise<void> => {
  await pool.query(`
    do $$ begin
      if not exists (select from pg_roles where rolname = '${readerRole}') then
        create role ${readerRole} nologin;
      end if;
    exception when insufficient_privilege or duplicate_object or unique_violation then null;
    end $$`)
}

/** Drops loads that never became a table, each in one transaction; returns how many. */
export const dropLoads = async (
  pool: Pool,
  kb: StoredBase,
  signal: AbortSignal,
  { condition, values }: { readonly condition: string; readonly values: readonly number[] },
): Promise<number> => {
  const { rows: loads } = await pool.query<{ id: string }>(
    `select l.id from table_load l where l.kb_id = $1 and ${condition}
       and not exists (select from loaded_table t where t.load_id = l.id) order by l.id`,
    [kb.id, ...values],
  )
  for (const { id } of loads) {
    signal.throwIfAborted()
    await inTransaction(pool, 'begin', client => dropLoad(client, kb, id))
  }
  return loads.length
}

/** Drops what a load has stored, and the load. */
export const dropLoad = async (client: PoolClient, { number }: StoredBase, load: string): Promise<void> => {
  await client.query(`drop table if exists ${loadTable(number, load)}`)
  await client.query('delete from table_load where id = $1', [load])
}
