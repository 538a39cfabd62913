import { setImmediate as turn } from 'node:timers/promises'
import { Fatal, Reject } from '../../runtime/errors.ts'
import { FileRefusal } from '../file-refusal.ts'
import type { SourceMistake } from '../kind.ts'
import type { Bite, ReadableSource, SourceDocument, SourceReject, Tabled, TabledRow } from '../source.ts'
import type { StructuredSpec } from '../specs/structured.ts'
import { type Cursor, firstOf, parseCursor } from './cursor.ts'
import { type LoadedMapping, mappingOf } from './mapping-of.ts'
import { isTableFile, type TableFile } from './opened-table.ts'
import { openTableFile, pathsOf } from './table-file.ts'
import type { PlacedTables } from './table-places.ts'
import { columnsOf, keysOf } from './table-plan.ts'

export interface StructuredOptions extends PlacedTables {
  /** The job. */
  readonly asker: string
  /** A bite ends after the piece of a file that reaches one of these. */
  readonly most?: { readonly rows: number; readonly documents: number; readonly bytes: number; readonly ms: number }
}

/**
 * The rows of tables, file after file; the cursor is a place in a file, so that a restart goes on inside of it. A file
 * or a mapping that is not what it was when it was begun is Fatal: rows would be lost or doubled.
 */
export const structuredSource = ({ files, spec, asker, most = usual }: StructuredOptions): ReadableSource => {
  const load = async (): Promise<LoadedMapping> => usable(spec, await fatally(() => mappingOf(files.opener, spec)))
  const located = () => fatally(() => files.opener.locate(spec.path))
  const open = async (
    { mapping }: LoadedMapping,
    { table, file, offset }: Pick<Cursor, 'table' | 'file' | 'offset'>,
    signal: AbortSignal,
  ): Promise<TableFile> => {
    const path = pathsOf(mapping.tables[table]!, await located())[file]!
    const order = { asker, signal, from: offset ?? 0 }
    return usable(
      spec,
      await fatally(() => openTableFile(files, path, mapping.tables[table]!, `tables[${table}]`, order)),
      isTableFile,
    )
  }

  return {
    async total(signal) {
      const loaded = await load()
      let total = 0
      for (const [i, table] of loaded.mapping.tables.entries())
        for (const file of pathsOf(table, await located()).keys()) {
          const opened = await open(loaded, { table: i, file, offset: null }, signal)
          const rows = await fatally(() => opened.count(signal)).finally(() => opened.close())
          if (rows === null) return null
          total += rows
        }
      return total
    },

    async bite(text, signal): Promise<Bite> {
      const loaded = await load()
      const cursor = text === null ? firstOf(loaded.hash, 0) : parseCursor(text)
      if (cursor.mapping !== loaded.hash)
        throw new Fatal(
          'mapping_changed',
          'The mapping is not the one that the run was begun with. Cancel it, and start another.',
        )
      const file = await open(loaded, cursor, signal)
      try {
        if (cursor.identity !== null && cursor.identity !== file.identity) throw otherFile(file)
        const fileCount = pathsOf(loaded.mapping.tables[cursor.table]!, await located()).length
        const bite = await biteOf(loaded, cursor, file, fileCount, signal)
        if (await fatally(() => file.changed())) throw otherFile(file)
        return bite
      } finally {
        await file.close()
      }
    },

    async read(uri): Promise<SourceReject> {
      return {
        ...{ uri, code: 'row_not_replayable' },
        message: `${uri} is a row of a table, and rows are loaded with their table: mend the file and run the source again.`,
      }
    },
  }

  async function biteOf(
    { mapping, hash }: LoadedMapping,
    cursor: Cursor,
    file: TableFile,
    fileCount: number,
    signal: AbortSignal,
  ): Promise<Bite> {
    const table = mapping.tables[cursor.table]!
    const began = performance.now()
    const from = cursor.offset ?? file.start
    const rows: TabledRow[] = []
    const rejects: Tabled['rejects'][number][] = []
    const documents: SourceDocument[] = []
    let [next, row, ended, bytes] = [from, cursor.row, false, 0]
    const limit = table.document ? most.documents : most.rows
    do {
      signal.throwIfAborted()
      const piece = await fatally(() => file.rows(next, table.document ? most.documents - rows.length : 0))
      for (const raw of piece.rows) {
        row++
        const typed = file.plan.typed(raw)
        if (typeof typed === 'string') {
          rejects.push({
            row,
            uri: `${file.uri}#row=${row}`,
            code: 'bad_row',
            message: `Row ${row} of ${file.uri}${raw.place ? ` (${raw.place})` : ''}: ${typed}.`,
          })
          continue
        }
        const one = { row, cells: typed }
        rows.push(one)
        const document = file.plan.document(one, file.uri)
        if (document) documents.push(document)
      }
      ;({ next, ended } = piece)
      bytes += piece.bytes
      await turn()
    } while (!ended && rows.length < limit && bytes < most.bytes && performance.now() - began < most.ms)

    const rejected = cursor.rejected + rejects.length
    if (rejected > spec.max_bad_rows) throw tooMany(table.table, spec.max_bad_rows, rejects.at(-1)!.message)
    const after = { ...cursor, sent: cursor.sent + rows.length, rejected }
    const whole = ended && cursor.file + 1 === fileCount
    const uris = ended ? [...cursor.files, file.uri] : cursor.files
    const last = whole && cursor.table + 1 === mapping.tables.length
    const following = whole
      ? firstOf(hash, cursor.table + 1)
      : ended
        ? { ...after, file: cursor.file + 1, offset: null, row: 0, identity: null, files: uris }
        : { ...after, offset: next, row, identity: file.identity }
    // The document of a row that cannot be read is not known, so none of the source may be taken for gone.
    const unlisted = table.document ? rejects.slice(0, 1).map(({ message }) => message) : []
    return {
      documents,
      unlisted,
      tabled: {
        ...{
          table: table.table,
          columns: columnsOf(table),
          keys: keysOf(table),
          file: cursor.file,
          uri: file.uri,
          rows,
          rejects,
        },
        end: whole ? { files: uris, rows: after.sent, rejected } : null,
      },
      next: last ? null : JSON.stringify(following),
    }
  }
}

const usual = { rows: 50_000, documents: 256, bytes: 512 * 1024, ms: 1_500 }

const otherFile = ({ uri }: TableFile): Fatal =>
  new Fatal(
    'file_changed',
    `${uri} is not what it was when the run began to read it. Cancel the run, and start another.`,
  )

const tooMany = (table: string, most: number, message: string): Fatal =>
  new Fatal(
    'too_many_bad_rows',
    `More than ${most} rows of ${table} cannot be read. The last of them: ${message} Mend the mapping or the file, or raise \`max_bad_rows\`.`,
  )

/** What admission found good and the run does not: the first mistakes say why. */
const usable = <T extends object>(
  spec: StructuredSpec,
  found: T | readonly SourceMistake[],
  is: (found: T | readonly SourceMistake[]) => found is T = (one): one is T => !Array.isArray(one),
): T => {
  if (is(found)) return found
  const said = (found as readonly SourceMistake[]).slice(0, 5).map(({ path, message }) => `${path} ${message}`)
  throw new Fatal('invalid_mapping', `The mapping does not fit ${spec.path}: ${said.join('; ')}.`)
}

const fatally = async <T>(operation: () => Promise<T>): Promise<T> => {
  try {
    return await operation()
  } catch (error) {
    if (!(error instanceof FileRefusal || error instanceof Reject)) throw error
    throw new Fatal(error.code, `The structured source cannot be read: ${error.message}`, { cause: error })
  }
}
