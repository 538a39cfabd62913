import { finished } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { loadTable, quoted, sqlType, type TableColumn } from './tables.ts'

/** A row of a load, by its place in the slice, and where it comes from. */
export interface LoadRow {
  readonly file: number
  readonly uri: string
  readonly row: number
  readonly cells: readonly (string | null)[]
}

/** Where rows go. */
export interface LoadTarget {
  readonly number: number
  readonly load: string
  readonly columns: readonly TableColumn[]
}

/** Stores rows in the table of a load, in the transaction of `client`; throws what PostgreSQL has against one of them. */
export type RowWriter = (client: PoolClient, target: LoadTarget, rows: readonly LoadRow[]) => Promise<void>

const namesOf = (columns: readonly TableColumn[]): string =>
  [...columns.map(({ name }) => quoted(name)), '_file', '_row'].join(', ')

/** `INSERT … SELECT FROM unnest(arrays)`, for a database without COPY. */
export const insertRows: RowWriter = async (client, { number, load, columns }, rows) => {
  const values = columns.map(({ type }, i) => `c${i}::${sqlType(type)}`)
  const arrays = [
    ...columns.map((_, i) => `$${i + 1}::text[]`),
    `$${columns.length + 1}::int[]`,
    `$${columns.length + 2}::bigint[]`,
  ]
  const aliases = [...columns.map((_, i) => `c${i}`), 'f', 'r']
  await client.query(
    `insert into ${loadTable(number, load)} (${namesOf(columns)})
     select ${[...values, 'f', 'r'].join(', ')} from unnest(${arrays.join(', ')}) as given (${aliases.join(', ')})`,
    [...columns.map((_, i) => rows.map(row => row.cells[i])), rows.map(row => row.file), rows.map(row => row.row)],
  )
}

/** COPY of texts: PostgreSQL reads each as the type of its column. */
export const copyRows: RowWriter = async (client, { number, load, columns }, rows) => {
  const stream = client.query(copyFrom(`copy ${loadTable(number, load)} (${namesOf(columns)}) from stdin`))
  stream.end(copyText(rows))
  await finished(stream)
}

/** Source: PostgreSQL 18 documentation, COPY, "Text Format". */
const copyText = (rows: readonly LoadRow[]): string => {
  let text = ''
  for (const { cells, file, row } of rows) {
    for (const cell of cells) text += `${cell === null ? '\\N' : escaped(cell)}\t`
    text += `${file}\t${row}\n`
  }
  return text
}

const special: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const escaped = (cell: string): string =>
  /[\\\n\r\t]/.test(cell) ? cell.replace(/[\\\n\r\t]/g, one => special[one]!) : cell
