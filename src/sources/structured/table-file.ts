import { join } from 'node:path'
import type { FileOpener, Located } from '../file-opener.ts'
import type { SourceMistake } from '../kind.ts'
import type { OpenedFile } from '../opened-file.ts'
import type { TableMapping } from '../specs/mapping.ts'
import { afterLines, countRows, type Dialect, dialectOf, readRows } from './csv-rows.ts'
import { isMistakes, placesOf } from './header.ts'
import { isTableFile, type TableFile } from './opened-table.ts'
import type { Sheets } from './sheets.ts'
import { tablePlan } from './table-plan.ts'
import { openWorkbook, type WorkbookOptions } from './workbook-file.ts'

/** What files of tables are opened with. */
export interface TableFiles {
  readonly opener: FileOpener
  readonly sheets: Sheets
}

/** The paths of the files of a table. */
export const pathsOf = ({ files }: TableMapping, { path, folder }: Located): readonly string[] =>
  folder ? (files ?? []).map(file => join(path, file)) : [path]

/**
 * Opens a file of a table; what its header and the mapping have against one another comes back as mistakes. Throws
 * FileRefusal, and of workbooks what parsers throw.
 */
export const openTableFile = async (
  { opener, sheets }: TableFiles,
  path: string,
  mapping: TableMapping,
  at: string,
  order: Omit<WorkbookOptions, 'sheets'>,
): Promise<TableFile | readonly SourceMistake[]> => {
  const file = await opener.stream(path)
  try {
    const mark = await file.read(0, compoundMark.length)
    const opened = mark.subarray(0, zipMark.length).equals(zipMark)
      ? await openWorkbook(file, path, mapping, at, { sheets, ...order })
      : mark.equals(compoundMark)
        ? [{ path: at, message: `maps ${path}, which is encrypted or of an old Office version; save it as .xlsx` }]
        : await openCsv(file, path, mapping, at)
    if (!isTableFile(opened)) await file.close()
    return opened
  } catch (error) {
    await file.close()
    throw error
  }
}

const zipMark = Buffer.from('PK\u0003\u0004')
const compoundMark = Buffer.from('d0cf11e0a1b11ae1', 'hex')

const openCsv = async (
  file: OpenedFile,
  path: string,
  mapping: TableMapping,
  at: string,
): Promise<TableFile | readonly SourceMistake[]> => {
  if (mapping.sheet !== undefined) return [{ path: `${at}.sheet`, message: `is for workbooks, and ${path} is none` }]
  const dialect = await dialectOf(file, mapping)
  const first = await afterLines(file, dialect, mapping.skip_rows ?? 0)
  const head = await headOf(file, dialect, first)
  if (head === null)
    return [{ path: at, message: `maps ${path}, which has no row after ${mapping.skip_rows ?? 0} lines` }]
  const places = placesOf(mapping, head.cells, path, at)
  if (isMistakes(places)) return places
  const start = mapping.header === false ? first : head.next
  return {
    uri: file.uri,
    identity: file.identity,
    plan: tablePlan(mapping, places, head.cells.length),
    start,
    rows: (from, most) => readRows(file, dialect, from, most),
    count: signal => countRows(file, dialect, start, signal),
    changed: () => file.changed(),
    close: () => file.close(),
  }
}

/** The first row of a file and where the next one begins; null for a file without one. */
const headOf = async (file: OpenedFile, dialect: Dialect, first: number) => {
  for (let from = first; ; ) {
    const { rows, next, ended } = await readRows(file, dialect, from, 1)
    if (rows[0]) return { cells: rows[0].cells, next }
    if (ended) return null
    from = next
  }
}
