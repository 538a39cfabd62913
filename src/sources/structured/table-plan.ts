import type { SourceDocument, TabledRow } from '../source.ts'
import type { ColumnFormat, ColumnMapping, TableMapping } from '../specs/mapping.ts'
import { type CellReader, cellReader } from './cells.ts'
import type { RawRow } from './csv-rows.ts'
import { headerName } from './header.ts'
import { templateOf } from './template.ts'
import { saidOf } from './workbook-cells.ts'

/** How the rows of one file become rows of a table. */
export interface TablePlan {
  /** Cells of every row of the file. */
  readonly width: number
  /** The row typed, or all that is wrong with it. */
  typed(raw: RawRow): readonly (string | null)[] | string
  /** The document of a row; null where rows make none. */
  document(row: TabledRow, file: string): SourceDocument | null
  /** The uri of a row: of its key, or of its number. */
  uri(row: TabledRow, file: string): string
}

/** The columns of a table as its rows carry them. */
export const columnsOf = ({ columns }: TableMapping): string =>
  JSON.stringify(columns.map(({ name, type, nullable = false, key = false }) => ({ name, type, nullable, key })))

/** Indexes of the cells that tell rows apart. */
export const keysOf = ({ columns }: TableMapping): readonly number[] =>
  columns.flatMap(({ key }, i) => (key ? [i] : []))

export const tablePlan = (
  mapping: TableMapping,
  places: readonly number[],
  width: number,
  readerOf: (column: ColumnMapping, defaults?: ColumnFormat) => CellReader = cellReader,
): TablePlan => {
  const { columns, defaults, document } = mapping
  const readers = columns.map(column => readerOf(column, defaults))
  const keys = keysOf(mapping)
  const names = columns.map(({ name }) => name)
  const uri = ({ row, cells }: TabledRow, file: string) => {
    const key = keys.map(i => encodeURIComponent(cells[i] ?? '')).join(',')
    return `${file}#${keys.length > 0 ? `key=${key}` : `row=${row}`}`
  }
  const template = (what: string, text: string) => templateOf(what, text, names)
  const made = document && {
    text: template('document', document.text),
    title: template('title', document.title ?? ''),
    uri: template('uri', document.uri ?? keys.map(i => `{{${names[i]}}}`).join(',')),
  }
  const tooLong = (cells: readonly (string | null)[]) =>
    made && (made.text.tooLong(cells, most.text) ?? made.uri.tooLong(cells, most.uri))
  return {
    width,
    uri,
    typed({ cells, broken, kinds }) {
      if (broken !== null) return broken
      if (cells.length !== width) return `it has ${cells.length} cells, and the first row of the file ${width}`
      const typed = new Array<string | null>(readers.length)
      const wrong: string[] = []
      for (let i = 0; i < readers.length; i++) {
        const place = places[i]!
        const value = readers[i]!.read(cells[place]!, kinds?.[place])
        if (value === undefined) wrong.push(mistake(columns[i]!, cells[place]!, kinds?.[place], readers[i]!.expected))
        else typed[i] = value
      }
      return wrong.length > 0 ? wrong.join('; ') : (tooLong(typed) ?? typed)
    },
    document(row, file) {
      if (document === undefined || made === undefined) return null
      return {
        uri: document.uri === undefined ? uri(row, file) : made.uri.filled(row.cells),
        title: made.title.filled(row.cells),
        mediaType: document.media_type ?? 'text/plain',
        text: made.text.filled(row.cells),
        metadata: { table: mapping.table },
      }
    },
  }
}

/** Of the document of a row, in characters: uris are kept with every chunk. Titles are cut, not refused. */
const most = { text: 4 * 1024 * 1024, uri: 8192 }

const shown = 60

const mistake = (column: ColumnMapping, cell: string, kind: string | undefined, expected: string): string => {
  const name = column.position === undefined ? JSON.stringify(headerName(column)) : column.position
  if (kind === 'e') return `column ${name} is ${saidOf(cell, kind)}`
  const value = saidOf(cell.length > shown ? `${cell.slice(0, shown)}…` : cell, kind)
  return `column ${name} is ${cell === '' ? 'empty' : value}, which is not ${expected}`
}
