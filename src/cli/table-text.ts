import type { CheckedTable } from '../api/contract/tables.ts'
import { table as lines, oneLine } from './text.ts'

/** The first rows of a file, as they would be typed, under the names and types of their columns. */
export const typedRows = ({ table, file, columns, rows }: Omit<CheckedTable, 'rejected'>): readonly string[] => [
  `Table ${oneLine(table, 63)} from ${oneLine(file, 200)}`,
  ...lines(
    ['ROW', ...columns.map(({ name, type }) => `${oneLine(name, 30)} (${type})`)],
    rows.map(({ row, cells }) => [row, ...cells.map(cell => (cell === null ? '(null)' : oneLine(cell, 40)))]),
  ),
]
