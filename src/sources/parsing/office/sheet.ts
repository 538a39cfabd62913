import { Reject } from '../../../runtime/errors.ts'
import { readXml } from './xml.ts'

/** A cell as it is written. */
export interface RawCell {
  /** `n` for a number, `s` for the number of a shared text, `str` and `inlineStr` for text, `b`, `d`, `e`. */
  readonly type: string
  readonly style: number
  readonly value: string
  /** It has a formula, and no result of it. */
  readonly unresolved: boolean
}

/** The cells of a row that are written with something in them, by their columns from 0. */
export type RawCells = ReadonlyMap<number, RawCell>

export interface SheetHandlers {
  /** `number` is that of the spreadsheet, from 1; rows that are not written do not come. */
  row(number: number, cells: RawCells): void
  /** True when no more rows are wanted. */
  enough?(): boolean
}

/**
 * Reads a sheet row by row: only cells that are written count, however far apart they lie, so no empty ones are made. What
 * is computed is what it was when the file was saved. Throws a Reject `broken_xml`.
 */
export const readSheet = async (pieces: AsyncIterable<Buffer>, handlers: SheetHandlers): Promise<void> => {
  const enough = () => handlers.enough?.() ?? false
  let cells = new Map<number, RawCell>()
  let [number, column, style] = [0, -1, 0]
  let [type, value] = ['n', '']
  let [taking, spoken, computed] = [false, false, false]
  await readXml(pieces, {
    enough,
    open(name, attributes) {
      if (name === 'row') {
        cells = new Map()
        column = -1
        number = following(number, attributes.r)
      } else if (name === 'c') {
        column = columnOf(attributes.r) ?? column + 1
        type = attributes.t ?? 'n'
        style = Number(attributes.s ?? 0)
        value = ''
        computed = false
      } else if (name === 'rPh') spoken = true
      else if (name === 'f') computed = true
      taking = (name === 'v' || name === 't') && !spoken
    },
    text(piece) {
      if (taking) value += piece
    },
    close(name) {
      taking = false
      if (name === 'rPh') spoken = false
      if (name === 'c') {
        // Only a text that was computed can be empty.
        const unresolved = computed && value === '' && type !== 'str'
        if (value !== '' || unresolved) cells.set(column, { type, style, value, unresolved })
      } else if (name === 'row' && cells.size > 0 && !enough()) handlers.row(number, cells)
    },
  })
}

/** Rows without a number follow the one before. */
const following = (before: number, stated: string | undefined): number => {
  const number = stated === undefined ? before + 1 : Number(stated)
  if (number > before && number < 2 ** 32) return number
  throw new Reject('broken_xml', `its row ${JSON.stringify(stated)} comes after row ${before}; save it anew`)
}

/** `BC12` is column 54. */
const columnOf = (reference: string | undefined): number | null => {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0]
  if (letters === undefined) return null
  let column = 0
  for (let i = 0; i < letters.length; i++) column = column * 26 + letters.charCodeAt(i) - 64
  return column - 1
}
