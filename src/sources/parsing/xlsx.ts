import { shownCells } from './office/cells.ts'
import { propertiesOf } from './office/properties.ts'
import { readSheet } from './office/sheet.ts'
import { numberStyles, sharedStrings, workbookOf } from './office/workbook.ts'
import { openZip } from './office/zip.ts'
import { RowText } from './rows.ts'

export interface OfficeText {
  readonly markdown: string
  /** title, author, created, modified, and so on, where the file says so. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * The sheets of a workbook as text. Throws a Reject: `not_a_xlsx`, `zip_bomb`, `broken_zip`, `broken_xml`,
 * `table_too_large`.
 */
export const parseXlsx = async (bytes: Uint8Array): Promise<OfficeText> => {
  const zip = await openZip(bytes)
  const { sheets, from1904 } = await workbookOf(zip)
  const values = { strings: await sharedStrings(zip), styles: await numberStyles(zip), from1904 }
  const text = new RowText()
  const names: string[] = []
  for (const { name, entry } of sheets) {
    let empty = true
    await readSheet(zip.read(entry), {
      row(_, raw) {
        const cells = shownCells(raw, values)
        if (cells.size === 0) return
        if (empty) text.heading(name)
        empty = false
        text.add(cells)
      },
    })
    if (!empty) names.push(name)
  }
  const metadata = { ...(await propertiesOf(zip)), sheets: names.join(', ').slice(0, 1024), rows: String(text.rows) }
  return { markdown: text.text(), metadata }
}
