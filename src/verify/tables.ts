import type { Pool, PoolClient } from 'pg'
import { chunkTable, indexNames, maxIndexedDimensions } from '../knowledge/chunk-table.ts'
import type { StoredBase } from '../knowledge/settings.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import type { Findings } from './findings.ts'
import { mayWrite } from './owners.ts'

export interface TableOptions {
  readonly pool: Pool
  readonly embedded: boolean
  /** Rows from which a table has a vector index. */
  readonly indexFrom: number
}

/** Name to type; what is generated is said so. */
const columnsOf = ({ dimensions }: StoredBase): Readonly<Record<string, string>> => ({
  document_id: 'text',
  version: 'bigint',
  position: 'bigint',
  chunk_id: 'text',
  start_offset: 'bigint',
  tokens: 'integer',
  headings: 'text',
  text: 'text',
  embedding: `halfvec(${dimensions})`,
  search: 'tsvector generated',
})

/** Compares a table of chunks with its template. False where the rows in it cannot be compared. */
export const checkTable = ({ pool, embedded, indexFrom }: TableOptions, kb: StoredBase, findings: Findings) =>
  inTransaction(pool, snapshot, async client => {
    const table = chunkTable(kb.number)
    const actual = await actualColumns(client, table)
    if (actual.size === 0) {
      findings.add('table_missing', {
        expected: table,
        found: 'no such table',
        message: `The table ${table}, with all chunks of ${kb.id}, is not there.`,
      })
      return false
    }
    const wrong = Object.entries(columnsOf(kb)).filter(([name, type]) => actual.get(name) !== type)
    for (const [name, type] of wrong)
      findings.add('table_shape', {
        expected: `${name} ${type}`,
        found: actual.has(name) ? `${name} ${actual.get(name)}` : 'no such column',
        message: `Column ${name} of ${table} is not what the settings of ${kb.id} ask for.`,
      })
    await checkIndexes(client, { embedded, indexFrom }, kb, findings)
    return wrong.length === 0
  })

const actualColumns = async (client: PoolClient, table: string): Promise<ReadonlyMap<string, string>> => {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name,
       format_type(atttypid, atttypmod) || case attgenerated when '' then '' else ' generated' end as type
     from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  )
  return new Map(rows.map(({ name, type }) => [name, type]))
}

/** The search indexes come with the first run that completes; one of vectors only where the newest has, for it may have grown since. */
const checkIndexes = async (
  client: PoolClient,
  { embedded, indexFrom }: Omit<TableOptions, 'pool'>,
  kb: StoredBase,
  findings: Findings,
): Promise<void> => {
  const table = chunkTable(kb.number)
  const { rows: known } = await client.query<{ name: string }>(
    'select relname as name from pg_class where oid in (select indexrelid from pg_index where indrelid = to_regclass($1))',
    [table],
  )
  const { rows: jobs } = await client.query<{ completed: boolean; newest: boolean; busy: boolean }>(
    `select coalesce(bool_or(j.state->>'status' = 'completed'), false) as completed,
       coalesce((array_agg(j.state->>'status' order by j.number desc))[1] = 'completed', false) as newest,
       coalesce(bool_or(${mayWrite}), false) as busy
     from job j where j.kb_id = $1`,
    [kb.id],
  )
  const { completed, newest, busy } = jobs[0]!
  const names = indexNames(kb.number)
  const has = (index: string) => known.some(({ name }) => name === index)
  const missing = (index: string, of: string) => ({
    expected: index,
    found: 'no such index',
    message: `The index of ${of} of ${kb.id} is not there.`,
  })
  if (!has(names.key)) findings.add('table_shape', missing(names.key, 'the key'))
  const wanted = [
    { index: names.chunk, of: 'chunk ids', due: true },
    { index: names.text, of: 'words', due: completed },
  ]
  // A build makes writers wait: while a job is under way it is none of ours.
  for (const { index, of, due } of wanted)
    if (due && !has(index)) findings.add('index_missing', { ...missing(index, of), repairable: !busy })
  if (embedded || !newest || busy || has(names.vectors) || kb.dimensions > maxIndexedDimensions) return
  const { rows } = await client.query<{ enough: boolean }>(
    `select count(*) >= $1 as enough from (select from ${table} limit $1) first_rows`,
    [indexFrom],
  )
  if (rows[0]!.enough) findings.add('vector_index_missing', missing(names.vectors, 'vectors'))
}
