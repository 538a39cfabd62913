import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firstRows } from '../../../src/sources/structured/first-rows.ts'
import { checkStructured } from '../../../src/sources/structured/structured-kind.ts'
import { structuredSource } from '../../../src/sources/structured/structured-source.ts'
import { specOfTables, tableFilesBelow, tablePlacesBelow } from '../../kit/table-files.ts'
import { xlsxOf, zipOf } from '../parsing/zip-of.ts'

const { signal } = new AbortController()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-test-workbook-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content)
const text = (one: string) => `<c t="str"><v>${one}</v></c>`
const head = `<row r="1">${['No', 'Since', 'Word'].map(text).join('')}</row>`
const columns = [
  { column: 'No', name: 'no', type: 'integer', key: true },
  { column: 'Since', name: 'since', type: 'date', nullable: true },
  { column: 'Word', name: 'word', type: 'text' },
]
const specOf = (table: object = {}, more: object = {}) =>
  specOfTables({
    ...{ type: 'structured', path: '.', mapping: { tables: [{ table: 't', files: ['a.xlsx'], columns, ...table }] } },
    ...more,
  })
const check = async (spec = specOf(), files = tableFilesBelow(folder)) =>
  (await checkStructured({ files, spec })).map(({ path, message }) => `${path} ${message}`)

describe('at admission a workbook', () => {
  test('that fits has no mistakes, and one whose header does not has the same as a CSV file', async () => {
    write('a.xlsx', xlsxOf({ S: head }))
    expect(await check()).toEqual([])
    write('a.xlsx', xlsxOf({ S: `<row>${['Nr', 'Since', 'Word', 'Word'].map(text).join('')}</row>` }))
    expect(await check()).toEqual([
      expect.stringMatching(/^mapping\.tables\[0\]\.columns\[0\]\.column names the column "No".*\(is it "Nr"\?\)$/),
      expect.stringMatching(/columns\[2\]\.column names the column "Word", which .*a\.xlsx has more than once/),
      expect.stringMatching(/columns does not map the column "Nr"/),
      expect.stringMatching(/columns does not map the column "Word"/),
    ])
  })

  test('without the sheet is refused with the sheets that it has', async () => {
    write('a.xlsx', xlsxOf({ Orders: head, 'More &amp; more': '' }))
    expect(await check(specOf({ sheet: 'orders' }))).toEqual([
      expect.stringMatching(
        /^mapping\.tables\[0\]\.sheet names the sheet "orders".*\(is it "Orders"\?\); it has "Orders", "More & more"$/,
      ),
    ])
    expect(await check(specOf({ sheet: 'More & more' }))).toEqual([expect.stringContaining('has no row')])
  })

  test('with what is for CSV files is refused, and a CSV file with a sheet', async () => {
    write('a.xlsx', xlsxOf({ S: head }))
    expect(await check(specOf({ delimiter: ';', encoding: 'utf-8' }))).toEqual([
      expect.stringMatching(/^mapping\.tables\[0\]\.delimiter is for CSV files/),
      expect.stringMatching(/^mapping\.tables\[0\]\.encoding is for CSV files/),
    ])
    write('a.csv', 'No,Since,Word\n')
    expect(await check(specOf({ files: ['a.csv'], sheet: 'S' }))).toEqual([
      expect.stringMatching(/^mapping\.tables\[0\]\.sheet is for workbooks/),
    ])
  })

  test('that is none, or larger than files may be that are read at once, is refused', async () => {
    write('a.xlsx', zipOf({ 'a.txt': 'a' }))
    expect(await check()).toEqual([expect.stringMatching(/^mapping\.tables\[0\]\.files\[0\] .*holds no workbook/)])
    expect(await check(specOf(), tableFilesBelow(folder, { maxBytes: 50 }))).toEqual([
      expect.stringContaining('PENSTOCK_MAX_FILE_BYTES'),
    ])
  })

  test('shows its first rows as they would be typed', async () => {
    const rows = `<row><c><v>1</v></c><c s="1"><v>45322</v></c>${text('one')}</row><row r="5"><c t="e"><v>#REF!</v></c><c><v>45322</v></c>${text('x')}</row>`
    write('a.xlsx', xlsxOf({ S: head + rows.repeat(1) }))
    expect(await firstRows(tablePlacesBelow(folder))(specOf(), 2, signal, null)).toMatchObject({
      tables: [
        {
          file: expect.stringMatching(/^file:.*\/a\.xlsx\?sheet=S$/),
          rows: [{ row: 1, cells: ['1', '2024-01-31', 'one'] }],
          rejected: [
            {
              row: 2,
              message: expect.stringMatching(
                /^column "No" is the error #REF!; column "Since" is the number 45322, which/,
              ),
            },
          ],
        },
      ],
    })
  })
})

describe('bites', () => {
  /** Every row, each bite taken anew from its cursor, by a source that knows nothing else unless `files` are given. */
  const all = async (spec = specOf(), most = 1, files?: ReturnType<typeof tableFilesBelow>) => {
    const found: string[] = []
    const ends: unknown[] = []
    let cursor: string | null = null
    do {
      const source = structuredSource({
        ...{ files: files ?? tableFilesBelow(folder), spec, asker: 'job' },
        most: { rows: most, documents: most, bytes: 1, ms: 10_000 },
      })
      const bite = await source.bite(cursor, signal)
      found.push(...bite.tabled!.rows.map(({ row, cells }) => `${bite.tabled!.file}/${row} ${cells.join(' ')}`))
      found.push(...bite.tabled!.rejects.map(({ uri, message }) => `${uri.split('/').at(-1)}: ${message}`))
      found.push(...bite.documents.map(({ uri }) => uri.split('/').at(-1)!))
      if (bite.tabled!.end) ends.push({ ...bite.tabled!.end, files: bite.tabled!.end.files.length })
      cursor = bite.next
    } while (cursor !== null)
    return { found, ends }
  }
  const rows = `<row r="3"><c r="A3"><v>1</v></c><c r="B3" s="1"><v>45322</v></c>${text('one')}</row><row r="4"><c r="A4"><v>x</v></c></row>
    <row r="7"><c r="A7"><v>3</v></c><c r="C7" t="b"><v>1</v></c></row><row r="8"><c r="A8"><v>4</v></c><c r="D8"><v>9</v></c></row>`

  test('go on at the very row, over sheets and files, and rejects say which row of the sheet they are', async () => {
    write('a.xlsx', xlsxOf({ S: head + rows, 'T 2': `${head}<row><c><v>5</v></c><c/>${text('five')}</row>` }))
    write('b.csv', 'No,Since,Word\n6,2024-02-29,six\n')
    const document = { text: '{{word}}', uri: undefined }
    const tables = [
      { table: 't', files: ['a.xlsx', 'b.csv'], columns, document },
      { table: 'u', files: ['a.xlsx'], sheet: 'T 2', columns },
    ]
    const spec = specOf({}, { mapping: { tables } })
    const inPieces = tableFilesBelow(folder, { pieceBytes: 1 })
    for (const { found, ends } of [await all(spec), await all(spec, 100), await all(spec, 2, inPieces)]) {
      expect(found.sort()).toEqual([
        ...['0/1 1 2024-01-31 one', '0/1 5  five', '0/3 3  true', '1/1 6 2024-02-29 six'],
        expect.stringMatching(/^a\.xlsx\?sheet=S#key=1$/),
        expect.stringMatching(/^a\.xlsx\?sheet=S#key=3$/),
        expect.stringMatching(
          /^a\.xlsx\?sheet=S#row=2: Row 2 of .* \(row 4 of the sheet S\): column "No" is a number that is none, "x"\.$/,
        ),
        expect.stringMatching(
          /^a\.xlsx\?sheet=S#row=4: .* \(row 8 of the sheet S\): it has 4 cells, and the first row of the sheet 3\.$/,
        ),
        expect.stringMatching(/^b\.csv#key=6$/),
      ])
      expect(ends).toEqual([
        { files: 2, rows: 3, rejected: 2 },
        { files: 1, rows: 1, rejected: 0 },
      ])
    }
    const source = structuredSource({ files: tableFilesBelow(folder), spec, asker: 'job' })
    expect(await source.total(signal)).toBe(6)
  })

  test('of a sheet without a header take their columns by position', async () => {
    write('a.xlsx', xlsxOf({ S: '<row><c><v>1</v></c></row><row><c><v>2</v></c><c/><c><v>3</v></c></row>' }))
    const headless = [
      { position: 1, name: 'a', type: 'integer' },
      { position: 3, name: 'c', type: 'integer', nullable: true },
    ]
    expect((await all(specOf({ header: false, columns: headless }))).found).toEqual(['0/1 1 ', '0/2 2 3'])
  })

  test('of a sheet without rows tell its end', async () => {
    write('a.xlsx', xlsxOf({ S: head }))
    expect(await all()).toEqual({ found: [], ends: [{ files: 1, rows: 0, rejected: 0 }] })
  })

  test('fail a run whose workbook has changed or is broken further down, by name', async () => {
    write('a.xlsx', xlsxOf({ S: head + rows }))
    const spec = specOf({ document: { text: '{{word}}' } })
    const files = tableFilesBelow(folder)
    const source = structuredSource({
      files,
      spec,
      asker: 'job',
      most: { rows: 1, documents: 1, bytes: 1, ms: 10_000 },
    })
    const { next } = await source.bite(null, signal)
    utimesSync(join(folder, 'a.xlsx'), 1, 1)
    await expect(source.bite(next, signal)).rejects.toMatchObject({ code: 'file_changed' })
    write('a.xlsx', xlsxOf({ S: `${head}${rows}<row>` }))
    await expect(source.bite(null, signal)).rejects.toMatchObject({ name: 'Fatal', code: 'broken_xml' })
  })
})
