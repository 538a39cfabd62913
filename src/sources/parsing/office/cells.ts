import { dateOf, isoDateOf } from './dates.ts'
import { plainNumber, shortNumber } from './numbers.ts'
import type { RawCell, RawCells } from './sheet.ts'
import { unescaped } from './unescaped.ts'
import type { NumberStyle } from './workbook.ts'

/** What the cells of a sheet refer to. */
export interface CellValues {
  readonly strings: readonly string[]
  readonly styles: readonly NumberStyle[]
  readonly from1904: boolean
}

/** The cells of a row that hold something, as they are shown, by their columns from 0. */
export type Cells = ReadonlyMap<number, string>

/** As text for search: white space is one space, and what is shown as a time is one. */
export const shownCells = (raw: RawCells, values: CellValues): Cells => {
  const cells = new Map<number, string>()
  for (const [column, cell] of raw) {
    const text = shown(cell, values).replace(/\s+/g, ' ').trim()
    if (text !== '') cells.set(column, text)
  }
  return cells
}

const shown = ({ type, style, value }: RawCell, { strings, styles, from1904 }: CellValues): string => {
  if (type === 's') return strings[Number(value)] ?? ''
  if (type === 'b') return isTrue(value) ? 'true' : 'false'
  if (type !== 'n' || value === '') return value
  return styles[style] ? dateOf(Number(value), from1904, 1000) : shortNumber(value)
}

/** Text, a number, a boolean, a date or time, an error; a letter each. */
export type CellKind = 't' | 'n' | 'b' | 'd' | 'e'

export interface TypedCell {
  readonly kind: CellKind
  /** Numbers without exponents, dates as ISO 8601; of an error what is wrong. */
  readonly text: string
}

/** With the type that the workbook gives it, and nothing of it lost. */
export const typedCell = (
  { type, style, value, unresolved }: RawCell,
  { strings, styles, from1904 }: CellValues,
): TypedCell => {
  if (unresolved) return { kind: 'e', text: 'a formula whose result is not stored; save the file in a spreadsheet' }
  if (type === 's') {
    const text = strings[Number(value)]
    return text === undefined
      ? { kind: 'e', text: `text ${value} of the workbook, which it has not` }
      : { kind: 't', text }
  }
  if (type === 'b') return { kind: 'b', text: isTrue(value) ? 'true' : 'false' }
  if (type === 'e') return { kind: 'e', text: value }
  if (type === 'd') return { kind: 'd', text: isoDateOf(value) }
  if (type !== 'n') return { kind: 't', text: unescaped(value) }
  const number = plainNumber(value)
  if (number === null) return { kind: 'e', text: `a number that is none, ${JSON.stringify(value.slice(0, 60))}` }
  if (styles[style] !== 'date') return { kind: 'n', text: number }
  return { kind: 'd', text: dateOf(Number(value), from1904, 1) }
}

/** A cell of a text without characters is as good as none. */
export const isEmpty = ({ type, value, unresolved }: RawCell, { strings }: CellValues): boolean =>
  !unresolved && (type === 's' ? strings[Number(value)] === '' : value === '')

const isTrue = (value: string): boolean => value === '1' || value === 'true'
