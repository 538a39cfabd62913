import type { Rows } from '../schemas/rows.ts'
import type { TableEnd } from '../schemas/table-end.ts'

/** A column of a table, as the rows of a load carry it. */
export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly key: boolean
}

/** The schema that has the tables of a knowledge base, by its number. */
export const schemaOf = (number: number): string => `kb_${number}`

/** What a load is written to; the table itself is a view of the newest load that was complete. */
export const loadTable = (number: number, load: string): string => `${schemaOf(number)}._load_${load}`

/** Any text as a name in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const types: Readonly<Record<string, string>> = { double: 'double precision', json: 'jsonb' }

/** The type of PostgreSQL; of those of a mapping, which were checked, the name is most often the same. */
export const sqlType = (type: string): string => {
  if (!/^(?:[a-z]+|numeric\(\d+,\d+\))$/.test(type)) throw new Error(`${type} is no type of a column.`)
  return types[type] ?? type
}

export const columnsOf = ({ columns }: Pick<Rows | TableEnd, 'columns'>): readonly TableColumn[] =>
  JSON.parse(columns) as readonly TableColumn[]

/** Makes the table of a load, with the key that tells its rows apart: their own, or their place in the files. */
export const createLoadTable = (number: number, load: string, columns: readonly TableColumn[]): readonly string[] => {
  const keys = columns.filter(({ key }) => key).map(({ name }) => quoted(name))
  const declared = columns.map(
    ({ name, type, nullable }) => `${quoted(name)} ${sqlType(type)}${nullable ? '' : ' not null'}`,
  )
  const key = keys.length > 0 ? keys.join(', ') : '_file, _row'
  return [
    `create schema if not exists ${schemaOf(number)}`,
    `create table ${loadTable(number, load)} (${declared.join(', ')}, _file int not null, _row bigint not null, primary key (${key}))`,
  ]
}
