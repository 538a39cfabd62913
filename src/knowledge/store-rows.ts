import type { PoolClient } from 'pg'
import { codeOf, messageOf, Reject } from '../runtime/errors.ts'
import type { LoadRow, LoadTarget, RowWriter } from './table-writers.ts'
import { loadTable, quoted, sqlType } from './tables.ts'

/** A row that was not stored, and why. */
export interface Refused {
  readonly row: LoadRow
  readonly reject: Reject
}

const uniqueViolation = '23505'
/** What PostgreSQL has against a row that LOADING let pass: data exceptions, constraints, and one larger than it stores. */
const isAboutRow = (code: string): boolean => /^(?:22|23|54000$)/.test(code)

/**
 * Stores rows in their order: of equal keys the first is stored, here or earlier, and the later ones come back refused;
 * so do rows that PostgreSQL will not take, which are found by halving.
 */
export const storeRows = async (
  client: PoolClient,
  target: LoadTarget,
  rows: readonly LoadRow[],
  write: RowWriter,
): Promise<readonly Refused[]> => {
  if (rows.length === 0) return []
  const error = await attempted(client, () => write(client, target, rows))
  if (error === null) return []
  const code = codeOf(error)
  if (!isAboutRow(code)) throw error
  if (code === uniqueViolation) {
    const { fresh, doubled } = await firstOfEach(client, target, rows)
    if (doubled.length === 0) throw error
    return [...doubled, ...(await storeRows(client, target, fresh, write))]
  }
  if (rows.length === 1) return [{ row: rows[0]!, reject: refusedByPostgres(rows[0]!, error) }]
  const middle = rows.length >> 1
  const before = await storeRows(client, target, rows.slice(0, middle), write)
  return [...before, ...(await storeRows(client, target, rows.slice(middle), write))]
}

/** Runs it under a savepoint; the error when it failed. */
const attempted = async (client: PoolClient, work: () => Promise<void>): Promise<unknown> => {
  await client.query('savepoint rows')
  try {
    await work()
    await client.query('release savepoint rows')
    return null
  } catch (error) {
    await client.query('rollback to savepoint rows')
    return error
  }
}

const refusedByPostgres = ({ uri, row }: LoadRow, error: unknown): Reject =>
  new Reject('bad_row', `Row ${row} of ${uri}: PostgreSQL does not take it: ${messageOf(error)}.`, { cause: error })

const placeOf = ({ uri, row }: LoadRow): string => `row ${row} of ${uri}`

/** Parts rows by whether their key was there before, in the table or among them. */
const firstOfEach = async (client: PoolClient, target: LoadTarget, rows: readonly LoadRow[]) => {
  const keys = target.columns.flatMap(({ key }, i) => (key ? [i] : []))
  const keyOf = (row: LoadRow) => keys.map(i => row.cells[i]).join('\u001f')
  const known = await stored(client, target, rows, keys)
  const fresh: LoadRow[] = []
  const doubled: Refused[] = []
  const first = new Map<string, string>()
  for (const [i, row] of rows.entries()) {
    const earlier = known.get(i) ?? first.get(keyOf(row))
    if (earlier === undefined) {
      first.set(keyOf(row), placeOf(row))
      fresh.push(row)
      continue
    }
    const names = keys.map(k => `${target.columns[k]!.name} = ${row.cells[k]}`).join(', ')
    const place = placeOf(row)
    const message = `R${place.slice(1)} has the key ${names || 'of its place'} of ${earlier}, which is the one in the table.`
    doubled.push({ row, reject: new Reject('duplicate_key', message) })
  }
  return { fresh, doubled }
}

/** Index in `rows` to the place of the row that the table has with the same key. */
const stored = async (
  client: PoolClient,
  { number, load, columns }: LoadTarget,
  rows: readonly LoadRow[],
  keys: readonly number[],
): Promise<ReadonlyMap<number, string>> => {
  const given =
    keys.length === 0
      ? []
      : keys.map((k, i) => ({ name: quoted(columns[k]!.name), alias: `k${i}`, type: sqlType(columns[k]!.type) }))
  if (given.length === 0) return new Map()
  const arrays = given.map((_, i) => `$${i + 1}::text[]`).join(', ')
  const joined = given.map(({ name, alias, type }) => `t.${name} = ${alias}::${type}`).join(' and ')
  const { rows: found } = await client.query<{ place: string; file: number; row: string }>(
    `select place, t._file as file, t._row as row
     from unnest(${arrays}) with ordinality as given (${given.map(({ alias }) => alias).join(', ')}, place)
     join ${loadTable(number, load)} t on ${joined}`,
    keys.map(k => rows.map(row => row.cells[k])),
  )
  const uris = new Map(rows.map(({ file, uri }) => [file, uri]))
  return new Map(
    found.map(({ place, file, row }) => [
      Number(place) - 1,
      `row ${row} of ${uris.get(file) ?? `file ${file + 1} of the table`}`,
    ]),
  )
}
