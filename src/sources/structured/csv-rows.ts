import Papa from 'papaparse'
import { Fatal } from '../../runtime/errors.ts'
import type { OpenedFile } from '../opened-file.ts'
import type { TableMapping } from '../specs/mapping.ts'
import { type Transcoder, transcoderOf } from './text-of-bytes.ts'

/** A row as it stands in the file. */
export interface RawRow {
  readonly cells: readonly string[]
  /** Why it is no row, whatever its cells. */
  readonly broken: string | null
  /** Of a workbook: the kind of each cell, a letter each, blank where it is empty. */
  readonly kinds?: string
  /** Where it is to be found, where its number does not say: "row 7 of the sheet Orders". */
  readonly place?: string
}

/** Rows of a file from one place to another, both at the start of a row. */
export interface RawRows {
  readonly rows: readonly RawRow[]
  /** In bytes; of a sheet the number of a row. */
  readonly next: number
  /** What was read for them. */
  readonly bytes: number
  readonly ended: boolean
}

/** How a CSV file is written. */
export interface Dialect {
  readonly transcoder: Transcoder
  readonly newline: '\n' | '\r\n' | '\r'
  readonly delimiter: string
  readonly quote: string
  readonly escaping: string
}

const pieceBytes = 128 * 1024
/** A row has to end within so many bytes, and is taken up to so many characters: it has to fit a record. */
const longestRow = 16 * 1024 * 1024
const largestRow = 4 * 1024 * 1024
const newlines = { lf: '\n', crlf: '\r\n', cr: '\r' } as const

/** By the mapping, and by the first bytes of the file for what the mapping leaves open. */
export const dialectOf = async (file: OpenedFile, mapping: TableMapping): Promise<Dialect> => {
  const head = await file.read(0, pieceBytes)
  const transcoder = transcoderOf(mapping.encoding, head)
  const { text } = transcoder.text(head.subarray(transcoder.mark))
  const { quote = '"', escape: escaping = quote, delimiter = ',' } = mapping
  const newline = mapping.newline ? newlines[mapping.newline] : firstLineEnd(text)
  return { transcoder, newline, delimiter, quote, escaping }
}

const firstLineEnd = (text: string): Dialect['newline'] => {
  const found = /\r\n|\n|\r/.exec(text)?.[0]
  return found === '\r\n' || found === '\r' ? found : '\n'
}

/** Where the first row after so many lines begins. */
export const afterLines = async (
  file: OpenedFile,
  { transcoder, newline }: Dialect,
  lines: number,
): Promise<number> => {
  let at = transcoder.mark
  for (let i = 0; i < lines; i++) {
    for (let length = pieceBytes; ; length *= 4) {
      const bytes = await pieceOf(file, at, length)
      const end = transcoder.text(bytes).text.indexOf(newline)
      if (end < 0 && at + bytes.length >= file.size) return file.size
      if (end < 0 && length >= longestRow) throw endlessRow(file, at, newline)
      if (end < 0) continue
      at += (end + newline.length) * transcoder.width
      break
    }
  }
  return at
}

/** Throws Fatal `file_changed` where the file has become shorter: what is left would be half of one and half of another. */
const pieceOf = async (file: OpenedFile, from: number, length: number): Promise<Buffer> => {
  const piece = await file.read(from, length)
  if (piece.length === Math.min(length, Math.max(0, file.size - from))) return piece
  throw new Fatal('file_changed', `${file.uri} became shorter while it was read. Cancel the run, and start another.`)
}

const endlessRow = ({ uri }: OpenedFile, at: number, newline: string) =>
  new Fatal(
    'row_too_long',
    `From byte ${at} on ${uri} has no end of a row within ${longestRow} bytes. Lines are taken to end with ` +
      `${JSON.stringify(newline)}: say another \`newline\` in the mapping if they do not.`,
  )

/**
 * Reads the whole rows that begin in the next piece of a file, `from` being the start of one, `most` of them where that
 * is given; one at least, however long it is. Where quotes are wrong nobody can tell where the row ends: it is taken to
 * end with its line, so that it is one broken row and those after it are read.
 */
export const readRows = async (file: OpenedFile, dialect: Dialect, from: number, most = 0): Promise<RawRows> => {
  const { transcoder, newline } = dialect
  for (let length = pieceBytes; ; length *= 4) {
    const piece = await pieceOf(file, from, length)
    const last = from + piece.length >= file.size
    const { text, plain } = transcoder.text(piece)
    const { data, errors, meta } = parsed(text, dialect, last, most)
    const endless = data.length === 0 && !last
    if (endless && length < longestRow) continue
    // What is wrong with a row of which only a part is here may be the cut.
    const wrong = (last ? errors[0] : errors.find(({ row = 0 }) => row < data.length))?.row ?? (endless ? 0 : null)
    let [whole, end] = [data, last && (most === 0 || data.length < most) ? text.length : meta.cursor]
    if (wrong !== null) {
      const start = wrong === 0 ? 0 : parsed(text, dialect, last, wrong).meta.cursor
      const lineEnd = text.indexOf(newline, start)
      if (lineEnd < 0 && !last && length >= longestRow) throw endlessRow(file, from, newline)
      if (lineEnd < 0 && !last) continue
      end = lineEnd < 0 ? text.length : lineEnd + newline.length
      whole = [...data.slice(0, wrong), [text.slice(start, lineEnd < 0 ? undefined : lineEnd)]]
    }
    const rows = whole.map((cells, i) => rawRow(cells, i === wrong, plain ? null : transcoder, length > pieceBytes))
    const next = last && end === text.length ? file.size : from + end * transcoder.width
    return { rows: rows.filter(isNoBlank), next, bytes: next - from, ended: next >= file.size }
  }
}

const parsed = (text: string, { delimiter, newline, quote, escaping }: Dialect, last: boolean, most: number) => {
  const settings = { delimiter, newline, quoteChar: quote, escapeChar: escaping }
  const parser = new Papa.Parser(most > 0 ? { ...settings, preview: most, fastMode: false } : settings)
  return parser.parse(text, 0, !last) as Papa.ParseResult<string[]>
}

const isNoBlank = ({ cells }: RawRow): boolean => cells.length > 1 || cells[0] !== ''

const rawRow = (raw: readonly string[], wrong: boolean, transcoder: Transcoder | null, long: boolean): RawRow => {
  if (wrong) return { cells: raw, broken: 'a quote in it is not closed, or is followed by text' }
  if (long && raw.reduce((sum, cell) => sum + cell.length, 0) > largestRow)
    return { cells: [], broken: `it has more than ${largestRow} characters` }
  if (transcoder === null) return { cells: raw, broken: null }
  const cells: string[] = []
  for (const [i, cell] of raw.entries()) {
    const text = transcoder.cell(cell)
    if (text === undefined)
      return { cells: raw, broken: `cell ${i + 1} has bytes that are no text in the encoding of the mapping` }
    cells.push(text)
  }
  return { cells, broken: null }
}

/**
 * Rows of a file from a place on, by the ends of its lines outside of quotes: a quick look that reads no cell. null where
 * a character has two bytes.
 */
export const countRows = async (
  file: OpenedFile,
  dialect: Dialect,
  from: number,
  signal: AbortSignal,
): Promise<number | null> => {
  if (dialect.transcoder.width === 2) return null
  const [end, mark, skip] = [dialect.newline.at(-1)!, dialect.quote, dialect.escaping].map(one => one.charCodeAt(0))
  let [rows, quoted, some] = [0, false, false]
  for (let at = from; at < file.size; ) {
    signal.throwIfAborted()
    const piece = await file.read(at, 256 * 1024)
    if (piece.length === 0) break
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i]!
      if (byte === mark) {
        quoted = !quoted
        some = true
      } else if (quoted) {
        if (byte === skip) i++
      } else if (byte === end) {
        if (some) rows++
        some = false
      } else if (byte !== 13) some = true
    }
    at += piece.length
  }
  return rows + (some ? 1 : 0)
}
