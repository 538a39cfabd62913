import type { Further } from './messages.ts'
import { type CellValues, isEmpty, type TypedCell, typedCell } from './office/cells.ts'
import { type RawCells, readSheet } from './office/sheet.ts'
import { numberStyles, type SheetEntry, sharedStrings, workbookOf } from './office/workbook.ts'
import { openZip } from './office/zip.ts'

/** Which rows of which sheet. Rows have the numbers of the spreadsheet, from 1. */
export interface SheetInput {
  /** The workbook. */
  readonly bytes: Uint8Array
  /** By its name; the first that is not hidden where null. */
  readonly sheet: string | null
  /** Rows before the header. */
  readonly skip: number
  /** Whether the first row after these is none of the rows. */
  readonly header: boolean
  /** Cells of a row at least. */
  readonly width: number
  readonly from: number
  readonly most: { readonly rows: number; readonly bytes: number }
  /** Reads on to the end, to tell how many rows there are. */
  readonly count: boolean
}

/** Rows of a sheet that are not blank, one after the other. */
export interface SheetPiece {
  readonly sheet: string
  /** The texts of the first row; null where there is none. */
  readonly head: readonly string[] | null
  /** Cells of a row. */
  readonly width: number
  /** The first row that is one. */
  readonly start: number
  /** A line of JSON each: `SheetLine`. */
  readonly lines: Uint8Array
  /** The number of each row, and where its line ends in `lines`. */
  readonly numbers: Uint32Array
  readonly ends: Uint32Array
  /** There are none after them. */
  readonly ended: boolean
  /** All rows of the sheet, where that was asked. */
  readonly rows: number | null
}

/** How far its last cell is from the left, from 1; the kind of each cell, blank where it is empty; and their texts. */
export type SheetLine = readonly [last: number, kinds: string, ...texts: string[]]

/** The workbook has no such sheet. */
export interface NoSheet {
  readonly names: readonly string[]
}

/**
 * Rows of one sheet, with the types that the cells have. Throws a Reject: `not_a_xlsx`, `zip_bomb`, `broken_zip`,
 * `broken_xml`. It is further with every 8 MiB of the sheet.
 */
export const parseSheetRows = async (input: SheetInput, further?: Further): Promise<SheetPiece | NoSheet> => {
  const zip = await openZip(input.bytes)
  const { sheets, from1904 } = await workbookOf(zip)
  const found = sheets.find(one => isWanted(one, input.sheet))
  if (!found) return { names: sheets.filter(isTable).map(({ name }) => name) }
  const rows = new Rows(input, { strings: await sharedStrings(zip), styles: await numberStyles(zip), from1904 })
  await readSheet(further ? inSteps(zip.read(found.entry), further) : zip.read(found.entry), rows)
  return rows.piece(found.name)
}

const stepBytes = 8 * 1024 * 1024

async function* inSteps(pieces: AsyncIterable<Buffer>, further: Further): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const piece of pieces) {
    yield piece
    bytes += piece.length
    if (bytes < stepBytes) continue
    further()
    bytes = 0
  }
}

const isTable = ({ entry }: SheetEntry): boolean => !entry.includes('/chartsheets/')

const isWanted = (one: SheetEntry, name: string | null): boolean =>
  isTable(one) && (name === null ? !one.hidden : one.name === name)

class Rows {
  readonly #input: SheetInput
  readonly #values: CellValues
  readonly #lines: string[] = []
  readonly #numbers: number[] = []
  readonly #ends: number[] = []
  #head: readonly string[] | null = null
  #start = 1
  #width: number
  #bytes = 0
  #rows = 0
  /** A row came for which there was no more room. */
  #over = false

  constructor(input: SheetInput, values: CellValues) {
    this.#input = input
    this.#values = values
    this.#width = input.width
  }

  row(number: number, raw: RawCells): void {
    const { skip, header, from, most } = this.#input
    if (number <= skip) return
    const skipped = number < from && this.#head !== null
    if (skipped && !this.#input.count) return
    let last = 0
    for (const [column, cell] of raw) if (!isEmpty(cell, this.#values)) last = Math.max(last, column + 1)
    if (last === 0) return
    const typed = (column: number) => {
      const cell = raw.get(column)
      return cell && !isEmpty(cell, this.#values) ? typedCell(cell, this.#values) : null
    }
    if (this.#head === null) {
      this.#head = Array.from({ length: last }, (_, i) => typed(i)?.text ?? '')
      this.#width = Math.max(this.#width, last)
      this.#start = header ? number + 1 : number
      if (header) return
    }
    this.#rows++
    if (number < from) return
    if (this.#over || this.#numbers.length >= most.rows || this.#bytes >= most.bytes) {
      this.#over = true
      return
    }
    const line = lineOf(typed, last, this.#width)
    this.#bytes += Buffer.byteLength(line)
    this.#lines.push(line)
    this.#numbers.push(number)
    this.#ends.push(this.#bytes)
  }

  enough(): boolean {
    return this.#over && !this.#input.count
  }

  piece(sheet: string): SheetPiece {
    return {
      ...{ sheet, head: this.#head, width: this.#width, start: this.#start },
      lines: Buffer.from(this.#lines.join('')),
      numbers: Uint32Array.from(this.#numbers),
      ends: Uint32Array.from(this.#ends),
      ended: !this.#over,
      rows: this.#input.count ? this.#rows : null,
    }
  }
}

/** No cells past the width: a single one may lie far to the right. */
const lineOf = (typed: (column: number) => TypedCell | null, last: number, width: number): string => {
  let kinds = ''
  const texts = new Array<string>(width)
  for (let i = 0; i < width; i++) {
    const cell = typed(i)
    kinds += cell?.kind ?? ' '
    texts[i] = cell?.text ?? ''
  }
  return JSON.stringify([last, kinds, ...texts] satisfies SheetLine)
}
