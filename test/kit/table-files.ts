import { FileOpener, type FileOpenerOptions } from '../../src/sources/file-opener.ts'
import { structuredSpec } from '../../src/sources/specs/structured.ts'
import { Sheets, type SheetsOptions } from '../../src/sources/structured/sheets.ts'
import type { TableFiles } from '../../src/sources/structured/table-file.ts'
import { type PlacedSpec, TablePlaces } from '../../src/sources/structured/table-places.ts'
import { parsersHere } from './parsers-here.ts'

/** What the files of tables below a root are opened with, their parsers in this process unless given. */
export const tableFilesBelow = (
  root: string,
  more: Partial<SheetsOptions> & Pick<FileOpenerOptions, 'maxBytes'> = {},
): TableFiles => {
  const { maxBytes, ...sheets } = more
  const opener = new FileOpener({ roots: [root], ...(maxBytes && { maxBytes }) })
  return { opener, sheets: new Sheets({ parsers: parsersHere, ...sheets, opener }) }
}

/** A spec with a path, as the files of `tableFilesBelow` are asked with. */
export const specOfTables = (spec: unknown): PlacedSpec => {
  const { path, ...rest } = structuredSpec.parse(spec)
  if (path === undefined) throw new Error('It has no path.')
  return { ...rest, path }
}

/** Where sources of tables have their files: below a root, without uploads. */
export const tablePlacesBelow = (root: string): TablePlaces =>
  new TablePlaces({ opener: new FileOpener({ roots: [root] }), parsers: parsersHere, uploads: { folder: '/nowhere' } })
