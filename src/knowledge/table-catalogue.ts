import { codeOf, messageOf } from '../runtime/errors.ts'
import { BadCursor, isStorable } from './catalogue.ts'
import { loadTable, quoted, schemaOf, sqlType, type TableColumn } from './tables.ts'
import type { Queries } from './tenancy.ts'

/** A table as readers see it. */
export interface TableSummary {
  readonly name: string
  /** Where it is in SQL: schema and name. */
  readonly sql_name: string
  readonly columns: readonly TableColumn[]
  readonly rows: number
  /** Rows of the files that are not in it: those that could not be read, and those whose key was there before. */
  readonly rejected: number
  readonly source: string
  readonly files: readonly string[]
  readonly loaded_at: string
}

export interface RowQuery {
  readonly limit: number
  readonly after: string | null
  /** Column to its value; null where it has none. */
  readonly where: Readonly<Record<string, string | null>>
}

export interface RowPage {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly next: string | null
}

/** A condition that the table cannot answer. */
export class BadFilter extends Error {
  override readonly name = 'BadFilter'
  readonly code = 'bad_filter'
}

type Stored = Omit<TableSummary, 'rows' | 'rejected' | 'sql_name' | 'loaded_at'> & {
  readonly number: number
  readonly load_id: string
  readonly rows: string
  readonly rejected: string
  readonly loaded_at: string
}

/** The tables of knowledge bases, for people to look at. */
export const createTableCatalogue = (pool: Queries) => {
  const stored = async (kbId: string, name: string | null): Promise<readonly Stored[] | null> => {
    const { rows: bases } = await pool.query('select from knowledge_base where id = $1', [kbId])
    if (bases.length === 0) return null
    const { rows } = await pool.query<Stored>(
      `select t.name, kb.number, t.load_id, l.columns, t.rows, t.refused + l.rejected as rejected, l.source, l.files, t.loaded_at
       from loaded_table t join table_load l on l.id = t.load_id join knowledge_base kb on kb.id = t.kb_id
       where t.kb_id = $1 and ($2::text is null or t.name = $2) order by t.name`,
      [kbId, name],
    )
    return rows
  }
  return {
    /** By name; null when there is no such knowledge base. */
    async list(kbId: string): Promise<readonly TableSummary[] | null> {
      return (await stored(kbId, null))?.map(summary) ?? null
    },

    /** null when there is no such table. */
    async get(kbId: string, name: string): Promise<TableSummary | null> {
      const [found] = (await stored(kbId, name)) ?? []
      return found ? summary(found) : null
    },

    /**
     * Rows in the order of the key, or of the files; null when there is no such table. A page of a table that was loaded
     * anew meanwhile goes on in the new one. Throws BadCursor, and BadFilter for a column or a value that it has not.
     */
    async rows(kbId: string, name: string, query: RowQuery): Promise<RowPage | null> {
      const [found] = (await stored(kbId, name)) ?? []
      return found ? page(pool, found, query) : null
    },
  }
}

const summary = ({ number, load_id: _, name, rows, rejected, loaded_at, ...rest }: Stored): TableSummary => ({
  ...{ name, sql_name: `${schemaOf(number)}.${quoted(name)}`, ...rest },
  rows: Number(rows),
  rejected: Number(rejected),
  loaded_at: new Date(loaded_at).toISOString(),
})

/** What tells rows apart, with their types: they are read in this order. By the table, for results have the same names. */
const orderOf = (columns: readonly TableColumn[]): readonly (readonly [string, string])[] => {
  const keys = columns.filter(({ key }) => key).map(({ name, type }) => [`t.${quoted(name)}`, sqlType(type)] as const)
  return keys.length > 0
    ? keys
    : ([
        ['t._file', 'int'],
        ['t._row', 'bigint'],
      ] as const)
}

const page = async (
  pool: Queries,
  { number, load_id, columns }: Stored,
  { limit, after, where }: RowQuery,
): Promise<RowPage> => {
  const order = orderOf(columns)
  const values: (string | null)[] = []
  const given = (value: string | null, type: string) => `$${values.push(value)}::text::${type}`
  const conditions = Object.entries(where).map(([name, value]) => {
    const column = columns.find(one => one.name === name)
    if (!column)
      throw new BadFilter(
        `the table has no column ${JSON.stringify(name)}; it has ${columns.map(one => one.name).join(', ')}`,
      )
    return value === null ? `${quoted(name)} is null` : `${quoted(name)} = ${given(value, sqlType(column.type))}`
  })
  const names = order.map(([name]) => name).join(', ')
  const from = after === null ? null : cursorValues(after, order.length)
  if (from !== null) conditions.push(`(${names}) > (${order.map(([, type], i) => given(from[i]!, type)).join(', ')})`)
  const shown = columns.map(({ name, type }) => `${shownAs(quoted(name), type)} as ${quoted(name)}`)
  const places = order.map(([name], i) => `${name}::text as "_place_${i}"`)
  const { rows } = await pool
    .query<Record<string, unknown>>(
      `select ${[...shown, ...places].join(', ')} from ${loadTable(number, load_id)} t
       ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`} order by ${names} limit ${limit + 1}`,
      values,
    )
    .catch(async error => {
      if (!isBadValue(error)) throw error
      throw from === null || (await areOf(pool, from, order))
        ? new BadFilter(messageOf(error), { cause: error })
        : noCursor()
    })
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  return {
    rows: kept.map(row => Object.fromEntries(columns.map(({ name }) => [name, row[name]]))),
    next: rows.length > limit && last ? cursorOf(order.map((_, i) => String(last[`_place_${i}`]))) : null,
  }
}

/** What JSON has no value for goes as text: numbers that a double would round, dates, and times in UTC. */
const shownAs = (name: string, type: string): string => {
  if (['integer', 'double', 'boolean', 'json', 'text', 'uuid'].includes(type)) return name
  if (type === 'timestamptz') return `to_char(${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
  return type === 'timestamp' ? `to_char(${name}, 'YYYY-MM-DD"T"HH24:MI:SS.US')` : `${name}::text`
}

/** A value that is none of its type. */
const isBadValue = (error: unknown): boolean => /^22/.test(codeOf(error))

const cursorOf = (values: readonly string[]): string => Buffer.from(JSON.stringify(values)).toString('base64url')

const cursorValues = (cursor: string, length: number): readonly string[] => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parsed) && parsed.length === length && parsed.every(isStorable)) return parsed
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw noCursor()
}

const noCursor = () => new BadCursor('The cursor is none that a page of this table gave: use its `next` as it came.')

/** Whether texts are values of the types that order rows. */
const areOf = async (
  pool: Queries,
  texts: readonly string[],
  order: readonly (readonly [string, string])[],
): Promise<boolean> => {
  try {
    await pool.query(`select ${order.map(([, type], i) => `$${i + 1}::text::${type}`).join(', ')}`, [...texts])
    return true
  } catch (error) {
    if (isBadValue(error)) return false
    throw error
  }
}
