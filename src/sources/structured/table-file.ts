import { join } from 'node:path'
import type { FileOpener, Located } from '../file-opener.ts'
import type { SourceMistake } from '../kind.ts'
import type { OpenedFile } from '../opened-file.ts'
import type { TableMapping } from '../specs/mapping.ts'
import { afterLines, countRows, type Dialect, dialectOf, type RawRows, readRows } from './csv-rows.ts'
import { isMistakes, placesOf } from './header.ts'
import { type TablePlan, tablePlan } from './table-plan.ts'

/** A file of a table, opened and held against its mapping. */
export interface TableFile {
  readonly uri: string
  readonly identity: string
  readonly plan: TablePlan
  /** Where the first row begins. */
  readonly start: number
  /** The next rows from a place on, `most` of them unless that is 0. */
  rows(from: number, most: number): Promise<RawRows>
  /** Rows in all; null where that cannot be told quickly. */
  count(signal: AbortSignal): Promise<number | null>
  close(): Promise<void>
}

/** The paths of the files of a table. */
export const pathsOf = ({ files }: TableMapping, { path, folder }: Located): readonly string[] =>
  folder ? (files ?? []).map(file => join(path, file)) : [path]

/**
 * Opens a file of a table; what its header and the mapping have against one another comes back as mistakes. Throws
 * FileRefusal.
 */
export const openTableFile = async (
  opener: FileOpener,
  path: string,
  mapping: TableMapping,
  at: string,
): Promise<TableFile | readonly SourceMistake[]> => {
  const file = await opener.stream(path)
  try {
    if ((await file.read(0, zipMark.length)).equals(zipMark)) {
      await file.close()
      return [{ path: at, message: `maps ${path}, which is a workbook or another zip; save its sheet as CSV` }]
    }
    const dialect = await dialectOf(file, mapping)
    const first = await afterLines(file, dialect, mapping.skip_rows ?? 0)
    const head = await headOf(file, dialect, first)
    if (head === null) {
      await file.close()
      return [{ path: at, message: `maps ${path}, which has no row after ${mapping.skip_rows ?? 0} lines` }]
    }
    const places = placesOf(mapping, head.cells, path, at)
    if (isMistakes(places)) {
      await file.close()
      return places
    }
    const start = mapping.header === false ? first : head.next
    return {
      uri: file.uri,
      identity: file.identity,
      plan: tablePlan(mapping, places, head.cells.length),
      start,
      rows: (from, most) => readRows(file, dialect, from, most),
      count: signal => countRows(file, dialect, start, signal),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

const zipMark = Buffer.from('PK\u0003\u0004')

export const isTableFile = (found: TableFile | readonly SourceMistake[]): found is TableFile => 'plan' in found

/** The first row of a file and where the next one begins; null for a file without one. */
const headOf = async (file: OpenedFile, dialect: Dialect, first: number) => {
  for (let from = first; ; ) {
    const { rows, next, ended } = await readRows(file, dialect, from, 1)
    if (rows[0]) return { cells: rows[0].cells, next }
    if (ended) return null
    from = next
  }
}
