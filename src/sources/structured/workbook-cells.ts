import { shortPlain } from '../parsing/office/numbers.ts'
import type { ColumnFormat, ColumnMapping } from '../specs/mapping.ts'
import { type CellReader, cellReader } from './cells.ts'

/**
 * How the cells of a column of a sheet are read. Those whose kind is that of the column need no format; all others, texts
 * first of all, are read as those of a CSV file. Numbers have the 15 digits that spreadsheets show, but for `double`.
 */
export const workbookCellReader = (column: ColumnMapping, defaults: ColumnFormat = {}): CellReader => {
  const { type } = column
  const asText = cellReader(column, defaults)
  const asTyped = cellReader({ ...column, format: plain({ ...defaults, ...column.format }) })
  const family = /^(?:date|timestamp)/.test(type) ? 'd' : type === 'boolean' ? 'b' : numeric.test(type) ? 'n' : 't'
  return {
    expected: asText.expected,
    read(cell, kind) {
      if (kind === 'e') return asText.read(cell) === null ? null : undefined
      const text = kind === 'n' && type !== 'double' ? shortPlain(cell) : cell
      return (kind === family ? asTyped : asText).read(text)
    },
  }
}

const numeric = /^(?:integer|bigint|numeric|double)/

/** What of a format is not about how a value is written. */
const plain = ({ null: nulls, trim, timezone }: ColumnFormat): ColumnFormat => ({
  ...(nulls && { null: nulls }),
  ...(trim && { trim }),
  ...(timezone && { timezone }),
})

/** What a cell holds, in words. */
export const saidOf = (cell: string, kind: string | undefined): string => {
  if (kind === 'n') return `the number ${cell}`
  if (kind === 'b') return `the boolean ${cell}`
  if (kind === 'd') return `the ${cell.includes('-') ? 'date' : 'time of day'} ${cell}`
  if (kind === 'e') return cell.startsWith('#') ? `the error ${cell}` : cell
  return JSON.stringify(cell)
}
