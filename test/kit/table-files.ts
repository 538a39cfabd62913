import { FileOpener, type FileOpenerOptions } from '../../src/sources/file-opener.ts'
import { Sheets, type SheetsOptions } from '../../src/sources/structured/sheets.ts'
import type { TableFiles } from '../../src/sources/structured/table-file.ts'
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
