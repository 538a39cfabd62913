import type { PoolClient } from 'pg'
import { Fatal } from '../runtime/errors.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { Rows } from '../schemas/rows.ts'
import type { TableEnd } from '../schemas/table-end.ts'
import { columnsOf, createLoadTable, type TableColumn } from './tables.ts'

/** A load of a table, by one run. */
export interface TableLoad {
  /** A bigint, as the driver gives it. */
  readonly id: string
  readonly columns: readonly TableColumn[]
}

/**
 * The load that rows belong to, made with its table by the first of them; the row of the load makes another lane wait
 * until the table is there. Throws Fatal `table_taken` for a table that another source fills.
 */
export const loadOf = async (
  client: Pick<PoolClient, 'query'>,
  number: number,
  { kb_id, job_id, run }: LaneJob,
  record: Rows | TableEnd,
): Promise<TableLoad> => {
  const { table, source } = record
  const columns = columnsOf(record)
  const made = await client.query<{ id: string }>(
    `insert into table_load (kb_id, name, run, job_id, source, columns) values ($1, $2, $3, $4, $5, $6)
     on conflict (kb_id, name, run) do nothing returning id`,
    [kb_id, table, run, job_id, source, record.columns],
  )
  const { rows } = await client.query<{ id: string; source: string; former: string | null }>(
    `select l.id, l.source, f.source as former from table_load l
     left join loaded_table t on t.kb_id = l.kb_id and t.name = l.name left join table_load f on f.id = t.load_id
     where l.kb_id = $1 and l.name = $2 and l.run = $3`,
    [kb_id, table, run],
  )
  const load = rows[0]!
  for (const owner of [load.source, load.former])
    if (owner !== null && owner !== source) throw taken(kb_id, table, owner)
  if (made.rows.length > 0)
    for (const statement of createLoadTable(number, load.id, columns)) await client.query(statement)
  return { id: load.id, columns }
}

const taken = (kb: string, table: string, owner: string): Fatal =>
  new Fatal(
    'table_taken',
    `The table ${table} of ${kb} is filled by the source ${owner}. Give the table of this source another name in its mapping.`,
  )

/** Adds what a slice stored and refused to the counts of its lane. */
export const countLoaded = async (
  client: Pick<PoolClient, 'query'>,
  load: string,
  lane: number,
  rows: number,
  refused: number,
): Promise<void> => {
  await client.query(
    `insert into table_load_lane (load_id, lane, rows, refused) values ($1, $2, $3, $4)
     on conflict (load_id, lane) do update set rows = table_load_lane.rows + $3, refused = table_load_lane.refused + $4`,
    [load, lane, rows, refused],
  )
}

/** Remembers what LOADING sent in all. */
export const endLoad = async (client: Pick<PoolClient, 'query'>, load: string, end: TableEnd): Promise<void> => {
  await client.query('update table_load set files = $2, expected = $3, rejected = $4 where id = $1', [
    ...[load, JSON.stringify(end.files), end.rows, end.rejected],
  ])
}
