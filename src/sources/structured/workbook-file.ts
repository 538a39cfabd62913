import type { SourceMistake } from '../kind.ts'
import type { OpenedFile } from '../opened-file.ts'
import type { SheetLine, SheetPiece } from '../parsing/sheet-rows.ts'
import type { TableMapping } from '../specs/mapping.ts'
import type { RawRow, RawRows } from './csv-rows.ts'
import { isMistakes, nearest, placesOf } from './header.ts'
import type { TableFile } from './opened-table.ts'
import type { Asker, SheetOfFile, Sheets } from './sheets.ts'
import { tablePlan } from './table-plan.ts'
import { workbookCellReader } from './workbook-cells.ts'

export interface WorkbookOptions extends Asker {
  readonly sheets: Sheets
  /** The row that is wanted next; or only a look at so many rows. */
  readonly from: number | { readonly look: number }
}

/** About what is read at once, in bytes. */
const portion = 128 * 1024
const ofCsv = ['delimiter', 'quote', 'escape', 'encoding', 'newline'] as const

/**
 * A sheet of a workbook as the file of a table; what it and the mapping have against one another comes back as mistakes.
 * Throws FileRefusal, and what parsers throw.
 */
export const openWorkbook = async (
  file: OpenedFile,
  path: string,
  mapping: TableMapping,
  at: string,
  { sheets, from, ...asker }: WorkbookOptions,
): Promise<TableFile | readonly SourceMistake[]> => {
  const strange = ofCsv.filter(field => mapping[field] !== undefined)
  if (strange.length > 0)
    return strange.map(field => ({ path: `${at}.${field}`, message: `is for CSV files, and ${path} is a workbook` }))
  const { sheet = null, skip_rows: skip = 0, header = true, columns } = mapping
  const width = header ? 0 : Math.max(...columns.map(({ position = 0 }) => position))
  const wanted: SheetOfFile = { path, identity: file.identity, sheet, skip, header, width }
  const pieceAt = async (row: number): Promise<SheetPiece> => {
    const piece = await sheets.piece(wanted, row, asker)
    if ('names' in piece) throw new Error(`${path} lost its sheet without a change.`)
    return piece
  }
  const first =
    typeof from === 'number' ? await sheets.piece(wanted, from, asker) : await sheets.look(wanted, from.look, asker)
  if ('names' in first) return [noSheet(sheet, first.names, path, at)]
  if (first.head === null)
    return [{ path: at, message: `maps ${path}, whose sheet ${first.sheet} has no row after the first ${skip}` }]
  const head = [...first.head, ...new Array<string>(first.width - first.head.length).fill('')]
  const places = placesOf(mapping, head, path, at)
  if (isMistakes(places)) return places
  const { start, sheet: name } = first
  return {
    uri: `${file.uri}?sheet=${encodeURIComponent(name)}`,
    identity: file.identity,
    plan: tablePlan(mapping, places, first.width, workbookCellReader),
    start,
    async rows(row, most) {
      const rows = portionOf(typeof from === 'number' ? await pieceAt(row) : first, row, most)
      if (rows.ended) sheets.forget(wanted)
      return rows
    },
    async count() {
      return (await pieceAt(0)).rows
    },
    changed: () => file.changed(),
    close: () => file.close(),
  }
}

const noSheet = (sheet: string | null, names: readonly string[], path: string, at: string): SourceMistake => {
  if (sheet === null)
    return { path: at, message: `maps ${path}, which has no sheet that is not hidden; name a \`sheet\`` }
  const has = names.map(name => JSON.stringify(name)).join(', ')
  const message = `names the sheet ${JSON.stringify(sheet)}, which ${path} has not${nearest(sheet, names)}; it has ${has}`
  return { path: `${at}.sheet`, message }
}

/** Rows from one on, as far as they are in a piece: `most` of them unless that is 0. */
const portionOf = (piece: SheetPiece, from: number, most: number): RawRows => {
  const { numbers, ends, lines, width, sheet } = piece
  const begin = firstAt(numbers, from)
  const startOf = (i: number) => (i === 0 ? 0 : ends[i - 1]!)
  const rows: RawRow[] = []
  let i = begin
  for (; i < numbers.length; i++) {
    if (i > begin && ((most > 0 && rows.length >= most) || ends[i]! - startOf(begin) > portion)) break
    const [last, kinds, ...cells] = JSON.parse(
      Buffer.from(lines.buffer, lines.byteOffset + startOf(i), ends[i]! - startOf(i)).toString('utf8'),
    ) as SheetLine
    const broken = last > width ? `it has ${last} cells, and the first row of the sheet ${width}` : null
    rows.push({ cells, kinds, broken, place: `row ${numbers[i]} of the sheet ${sheet}` })
  }
  const next = i === begin ? from : numbers[i - 1]! + 1
  return { rows, next, bytes: startOf(i) - startOf(begin), ended: piece.ended && i === numbers.length }
}

/** The index of the first number that is not less. */
const firstAt = (numbers: Uint32Array, least: number): number => {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}
