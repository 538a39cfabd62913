import { readXml } from './xml.ts'

/** The cells of a row that hold something, by their columns from 0. */
export type Cells = ReadonlyMap<number, string>

/** What the cells of a sheet refer to. */
export interface CellValues {
  readonly strings: readonly string[]
  readonly dates: readonly boolean[]
  readonly from1904: boolean
}

/**
 * Reads a sheet row by row: only cells that are written count, however far apart they lie, so no empty ones are made. What
 * is computed is what it was when the file was saved.
 */
export const readSheet = async (
  pieces: AsyncIterable<Buffer>,
  values: CellValues,
  onRow: (cells: Cells) => void,
): Promise<void> => {
  let cells = new Map<number, string>()
  let column = -1
  let type = 'n'
  let style = 0
  let value = ''
  let taking = false
  let spoken = false
  await readXml(pieces, {
    open(name, attributes) {
      if (name === 'row') {
        cells = new Map()
        column = -1
      } else if (name === 'c') {
        column = columnOf(attributes.r) ?? column + 1
        type = attributes.t ?? 'n'
        style = Number(attributes.s ?? 0)
        value = ''
      } else if (name === 'rPh') spoken = true
      taking = (name === 'v' || name === 't') && !spoken
    },
    text(piece) {
      if (taking) value += piece
    },
    close(name) {
      taking = false
      if (name === 'rPh') spoken = false
      if (name === 'c') {
        const text = textOf(value, type, values.dates[style] ?? false, values)
          .replace(/\s+/g, ' ')
          .trim()
        if (text !== '') cells.set(column, text)
      } else if (name === 'row' && cells.size > 0) onRow(cells)
    },
  })
}

/** `BC12` is column 54. */
const columnOf = (reference: string | undefined): number | null => {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0]
  if (letters === undefined) return null
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
}

const textOf = (value: string, type: string, date: boolean, { strings, from1904 }: CellValues): string => {
  if (type === 's') return strings[Number(value)] ?? ''
  if (type === 'b') return value === '1' ? 'true' : 'false'
  if (type !== 'n' || value === '') return value
  return date ? dateOf(Number(value), from1904) : plainNumber(value)
}

/** As it is shown rather than as floating point stores it: 0.1, not 0.10000000000000001. */
const plainNumber = (value: string): string => {
  const number = Number(value)
  return Number.isFinite(number) && value.length > 15 ? String(Number(number.toPrecision(15))) : value
}

const dayMs = 86_400_000

/** Days since the end of 1899 (which counts a day that 1900 did not have), or since 1904; a time of day below 1. */
const dateOf = (days: number, from1904: boolean): string => {
  const since = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30)
  const time = new Date(since + Math.round((days * dayMs) / 1000) * 1000)
  if (Number.isNaN(time.getTime())) return String(days)
  const [date, clock] = time.toISOString().split('T') as [string, string]
  if (days >= 0 && days < 1) return clock.slice(0, 8)
  return clock.startsWith('00:00:00') ? date : `${date} ${clock.slice(0, 8)}`
}
