import { describe, expect, test } from 'vitest'
import { parseDocx } from '../../../src/sources/parsing/docx.ts'
import { zipBounds } from '../../../src/sources/parsing/office/zip.ts'
import { mostCells } from '../../../src/sources/parsing/rows.ts'
import { parseXlsx } from '../../../src/sources/parsing/xlsx.ts'
import { docxOf, paragraph, xlsxOf, zipOf } from './zip-of.ts'

const core =
  '<p:coreProperties xmlns:p="p" xmlns:dc="dc"><dc:title>Canals</dc:title><dc:creator>A. Writer</dc:creator><constructor>x</constructor></p:coreProperties>'

describe('a workbook', () => {
  test('becomes its sheets as headings and its rows as lines, by the names of the first row', async () => {
    const sheet = `<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>Width</t></is></c><c t="str"><v>Built</v></c><c><v>1</v></c></row>
      <row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>3.1000000000000001</v></c><c r="C2" s="1"><v>44927</v></c><c r="E2" t="b"><v>1</v></c></row>
      <row><c t="s"><v>1</v></c><c s="3"><v>2</v></c><c s="2"><v>44927.5</v></c><c t="e"><v>#N/A</v></c></row>`
    const strings = ['<t>Gate</t>', '<r><t>Nor</t></r><r><t>th</t></r><rPh><t>not spoken</t></rPh>']
    const { markdown, metadata } = await parseXlsx(
      xlsxOf({ 'Of gates': sheet, Empty: '<row/>' }, strings, { 'docProps/core.xml': core }),
    )
    expect(markdown).toBe(
      '## Of gates\n\nGate: North\nWidth: 3.1\nBuilt: 2023-01-01\nE: true\n\nGate: North\nWidth: 2\nBuilt: 2023-01-01 12:00:00\n1: #N/A',
    )
    expect(metadata).toEqual({ title: 'Canals', author: 'A. Writer', sheets: 'Of gates', rows: '2' })
  })

  test('keeps titles above a table, and the names of one without rows', async () => {
    const cell = (text: string) => `<c t="str"><v>${text}</v></c>`
    const sheet = `<row>${cell('All gates')}</row><row>${cell('Gate')}${cell('Width')}</row>`
    expect((await parseXlsx(xlsxOf({ S: sheet }))).markdown).toBe('## S\n\nAll gates\n\nGate, Width')
  })

  test('makes no cells between two that lie far apart', async () => {
    const far =
      '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row><row r="1048576"><c r="XFD1048576"><v>3</v></c></row>'
    expect((await parseXlsx(xlsxOf({ S: far }))).markdown).toBe('## S\n\n2: 3')
  })

  test('with more cells than are read as text is refused by name', async () => {
    const rows = `<row>${'<c><v>1</v></c>'.repeat(1000)}</row>`.repeat(mostCells / 1000 + 1)
    await expect(parseXlsx(xlsxOf({ S: rows }))).rejects.toMatchObject({ code: 'table_too_large' })
  })
})

describe('a Word document', () => {
  test('becomes Markdown, with what it says of itself', async () => {
    const table = `<w:tbl>${['Gate', 'North'].map(a => `<w:tr>${[a, 'x'].map(t => `<w:tc>${paragraph(t)}</w:tc>`).join('')}</w:tr>`).join('')}</w:tbl>`
    const body = paragraph('Canals', 'Heading1') + paragraph('Water &lt;runs&gt;.') + table
    const read = await parseDocx(docxOf(body, { 'docProps/core.xml': core }))
    expect(read.markdown).toMatch(
      /^# Canals\n\nWater \\<runs>\.\n\n\|.*\n\| - \| - \|\n\| Gate \| x \|\n\| North \| x \|$/,
    )
    expect(read).toMatchObject({ title: 'Canals', metadata: { author: 'A. Writer' } })
  })

  test('that is none, or damaged, is refused by name', async () => {
    await expect(parseDocx(zipOf({ 'a.txt': 'a' }))).rejects.toMatchObject({ code: 'not_a_docx' })
    await expect(parseXlsx(zipOf({ 'a.txt': 'a' }))).rejects.toMatchObject({ code: 'not_a_xlsx' })
    await expect(parseDocx(docxOf('').subarray(0, 300))).rejects.toMatchObject({ code: 'broken_zip' })
    await expect(parseDocx(docxOf('<w:p>'))).rejects.toMatchObject({ code: 'broken_xml' })
  })

  test('that nests deeper than anyone writes is refused by name', async () => {
    const deep = `${'<w:sdt>'.repeat(100_000)}${'</w:sdt>'.repeat(100_000)}`
    await expect(parseDocx(docxOf(deep))).rejects.toMatchObject({ code: 'too_deep' })
  })
})

describe('a zip that is a bomb', () => {
  const MiB = 1024 * 1024
  test.each([
    ['by its ratio', docxOf('', { 'word/media/a.bin': Buffer.alloc(64 * MiB) })],
    [
      'by what it inflates to',
      zipOf(Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`${i}`, Buffer.alloc(3 * MiB)]))),
    ],
    [
      'by its entries',
      zipOf(Object.fromEntries(Array.from({ length: zipBounds.entries + 1 }, (_, i) => [`${i}`, '']))),
    ],
  ])('is refused before it is inflated (%s)', async (_how, bytes) => {
    await expect(parseDocx(bytes)).rejects.toMatchObject({ name: 'Reject', code: 'zip_bomb' })
  })

  test('or states less than it inflates to, is refused when it passes that', async () => {
    const lying = zipOf({ 'xl/workbook.xml': `<workbook>${' '.repeat(MiB)}</workbook>` }, 100)
    await expect(parseXlsx(lying)).rejects.toMatchObject({ code: 'broken_zip' })
  })
})

test('entities that a file defines are not read, nor anything that it points to', async () => {
  const laughs = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
  const outside = '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
  for (const head of [laughs, outside])
    await expect(
      parseXlsx(xlsxOf({}, [], { 'xl/workbook.xml': `${head}<workbook>&a;</workbook>` })),
    ).rejects.toMatchObject({ code: 'broken_xml', message: expect.stringContaining('document type') })
})
