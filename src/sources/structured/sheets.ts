import type { FileOpener } from '../file-opener.ts'
import { FileRefusal } from '../file-refusal.ts'
import type { Parsers } from '../parsing/parsers.ts'
import type { NoSheet, SheetInput, SheetPiece } from '../parsing/sheet-rows.ts'

/** A sheet of a file as it is now. */
export interface SheetOfFile extends Pick<SheetInput, 'sheet' | 'skip' | 'header' | 'width'> {
  readonly path: string
  readonly identity: string
}

/** Who asks for a sheet, and until when. */
export interface Asker {
  readonly asker: string
  readonly signal: AbortSignal
}

export interface SheetsOptions {
  readonly opener: FileOpener
  readonly parsers: Parsers
  /** Of a piece: it is read at once, and the sheet before it again; 16 MiB unless given. */
  readonly pieceBytes?: number
  /** Of all pieces that are kept; 64 MiB unless given. */
  readonly keptBytes?: number
}

const MiB = 1024 * 1024

interface Kept {
  readonly from: number
  readonly piece: SheetPiece
}

/**
 * Sheets of workbooks, large pieces at a time: nothing of a zip can be read without what is before it. The last piece of
 * each sheet is kept, so that the bites that lie in it cost nothing, as far as all of them together are small enough.
 */
export class Sheets {
  readonly #options: Required<SheetsOptions>
  /** The one that was used last comes last. */
  readonly #kept = new Map<string, Kept>()

  constructor(options: SheetsOptions) {
    this.#options = { pieceBytes: 16 * MiB, keptBytes: 64 * MiB, ...options }
  }

  /**
   * A piece in which the row `from` is, or the next one after it, with the count of all rows where that is 0. Throws
   * FileRefusal, and what parsers throw.
   */
  async piece(sheet: SheetOfFile, from: number, asker: Asker): Promise<SheetPiece | NoSheet> {
    const key = JSON.stringify(sheet)
    const kept = this.#kept.get(key)
    this.#kept.delete(key)
    if (kept && kept.from <= from && (kept.piece.ended || from <= kept.piece.numbers.at(-1)!)) {
      this.#kept.set(key, kept)
      return kept.piece
    }
    const most = { rows: Number.POSITIVE_INFINITY, bytes: this.#options.pieceBytes }
    const piece = await this.#parsed(sheet, { from, most, count: from === 0 }, asker)
    if (!('names' in piece)) this.#keep(key, { from, piece })
    return piece
  }

  /** The first rows, for a look. */
  look(sheet: SheetOfFile, rows: number, asker: Asker): Promise<SheetPiece | NoSheet> {
    return this.#parsed(sheet, { from: 0, most: { rows, bytes: MiB }, count: false }, asker)
  }

  /** Nobody reads on in it. */
  forget(sheet: SheetOfFile): void {
    this.#kept.delete(JSON.stringify(sheet))
  }

  async #parsed(
    { path, identity, ...which }: SheetOfFile,
    range: Pick<SheetInput, 'from' | 'most' | 'count'>,
    { asker, signal }: Asker,
  ): Promise<SheetPiece | NoSheet> {
    const read = await this.#options.opener.read(path)
    if (read.identity !== identity) throw new FileRefusal('file_changed', `${path} was written to while it was opened.`)
    const input = { ...which, ...range, bytes: read.bytes }
    return this.#options.parsers.parse('sheet_rows', input, { of: path, asker, signal })
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.set(key, kept)
    let bytes = 0
    for (const [one, { piece }] of [...this.#kept].reverse()) {
      bytes += piece.lines.byteLength + piece.numbers.byteLength + piece.ends.byteLength
      if (bytes > this.#options.keptBytes && one !== key) this.#kept.delete(one)
    }
  }
}
