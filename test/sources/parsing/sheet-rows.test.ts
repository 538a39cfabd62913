import { describe, expect, test } from 'vitest'
import { parseSheetRows, type SheetInput, type SheetPiece } from '../../../src/sources/parsing/sheet-rows.ts'
import { xlsxOf, zipOf } from './zip-of.ts'

const wanted: Omit<SheetInput, 'bytes'> = {
  ...{ sheet: null, skip: 0, header: true, width: 0, from: 0, count: false },
  most: { rows: 1000, bytes: 1024 * 1024 },
}
const pieceOf = async (bytes: Buffer, more: Partial<SheetInput> = {}) =>
  (await parseSheetRows({ ...wanted, ...more, bytes })) as SheetPiece
const linesOf = ({ lines, ends }: SheetPiece) =>
  [...ends].map((end, i) => JSON.parse(Buffer.from(lines.slice(i === 0 ? 0 : ends[i - 1], end)).toString()))
const named = (...names: string[]) => `<row>${names.map(name => `<c t="str"><v>${name}</v></c>`).join('')}</row>`
const numbered = (rows: number) =>
  named('No') + Array.from({ length: rows }, (_, i) => `<row><c><v>${i + 1}</v></c></row>`).join('')

describe('cells', () => {
  const typed = async (cells: string, strings: readonly string[] = [], more = {}) => {
    const sheet = `${named('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')}<row>${cells}</row>`
    const [[, kinds, ...texts]] = linesOf(await pieceOf(xlsxOf({ S: sheet }, strings, more)))
    return texts.map((text: string, i: number) => `${kinds[i]}${text}`).slice(0, kinds.trimEnd().length)
  }

  test('are texts, shared or not, as they are written', async () => {
    const cells =
      '<c t="s"><v>0</v></c><c t="inlineStr"><is><t xml:space="preserve"> b </t></is></c><c t="str"><f>A1</f><v>c_x000D_\n</v></c><c t="s"><v>9</v></c>'
    expect(await typed(cells, ['<r><t>a </t></r><r><t>a</t></r><rPh><t>not</t></rPh>'])).toEqual([
      ...['ta a', 't b ', 'tc\r\n', 'etext 9 of the workbook, which it has not'],
    ])
  })

  test('are numbers to the last digit, booleans and errors', async () => {
    const numbers = ['12345678901234567890', '0.29999999999999999', '5.0', '1E+21', '-1.5E-7', 'x']
    const cells = `${numbers.map(one => `<c><v>${one}</v></c>`).join('')}<c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c>`
    expect(await typed(cells)).toEqual([
      ...[
        'n12345678901234567890',
        'n0.3',
        'n5',
        'n1000000000000000000000',
        'n-0.00000015',
        'ea number that is none, "x"',
      ],
      ...['btrue', 'e#N/A'],
    ])
  })

  test('are dates by the format of the number, in either count of days, and durations numbers', async () => {
    const cells =
      '<c s="1"><v>45322</v></c><c s="2"><v>45322.430555555555</v></c><c s="1"><v>45322.000011574</v></c><c s="1"><v>60</v></c><c s="1"><v>0.75</v></c><c s="3"><v>1.5</v></c><c t="d"><v>2024-01-31T00:00:00</v></c><c s="4"><v>1.5</v></c>'
    const styles = {
      'xl/styles.xml':
        '<styleSheet><numFmts><numFmt numFmtId="165" formatCode="[h]:mm"/><numFmt numFmtId="166" formatCode="[$-409]d\\-mmm;@"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="166"/><xf numFmtId="46"/><xf numFmtId="165"/></cellXfs></styleSheet>',
    }
    expect(await typed(cells, [], styles)).toEqual([
      ...['d2024-01-31', 'd2024-01-31 10:20:00', 'd2024-01-31 00:00:01', 'd1900-02-29', 'd18:00:00'],
      ...['n1.5', 'd2024-01-31', 'n1.5'],
    ])
    const old =
      '<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="S" r:id="rId0"/></sheets></workbook>'
    expect(await typed('<c s="1"><v>60</v></c>', [], { ...styles, 'xl/workbook.xml': old })).toEqual(['d1904-03-01'])
  })

  test('of formulas are their results, and wrong without one', async () => {
    expect(
      await typed('<c><f>1+1</f><v>2</v></c><c><f>1+1</f></c><c t="str"><f>""</f><v></v></c><c><v>1</v></c>'),
    ).toEqual([...['n2', 'ea formula whose result is not stored; save the file in a spreadsheet', ' ', 'n1']])
  })
})

describe('sheets', () => {
  const book = xlsxOf({ A: named('a'), B: named('b') }, [], {
    'xl/workbook.xml':
      '<workbook xmlns:r="r"><sheets><sheet name="A" state="hidden" r:id="rId0"/><sheet name="B" r:id="rId1"/></sheets></workbook>',
  })

  test('are taken by their names, hidden or not, else the first that is not hidden', async () => {
    expect(await pieceOf(book)).toMatchObject({ sheet: 'B', head: ['b'] })
    expect(await pieceOf(book, { sheet: 'A' })).toMatchObject({ sheet: 'A', head: ['a'] })
    expect(await pieceOf(book, { sheet: 'a' })).toEqual({ names: ['A', 'B'] })
  })

  test('of what is no workbook, damaged, a bomb or with a document type are refused by name', async () => {
    await expect(pieceOf(zipOf({ 'a.txt': 'a' }))).rejects.toMatchObject({ code: 'not_a_xlsx' })
    await expect(pieceOf(book.subarray(0, 300))).rejects.toMatchObject({ code: 'broken_zip' })
    await expect(pieceOf(xlsxOf({ S: ' '.repeat(8 * 1024 * 1024) }))).rejects.toMatchObject({ code: 'zip_bomb' })
    const typed = { 'xl/worksheets/sheet0.xml': '<!DOCTYPE a><worksheet/>' }
    await expect(pieceOf(xlsxOf({ S: '' }, [], typed))).rejects.toMatchObject({ code: 'broken_xml' })
    const back = '<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>'
    await expect(pieceOf(xlsxOf({ S: back }))).rejects.toMatchObject({ code: 'broken_xml' })
  })
})

describe('rows', () => {
  test('begin after the header below those that are skipped; blank ones do not count', async () => {
    const sheet =
      '<row r="2"><c r="B2"><v>7</v></c></row><row r="4"><c t="str"><v>No</v></c></row><row r="6"><c s="1"/><c t="str"><v></v></c></row><row r="9"><c r="A9"><v>1</v></c></row>'
    const piece = await pieceOf(xlsxOf({ S: sheet }), { skip: 2, count: true })
    expect(piece).toMatchObject({ head: ['No'], start: 5, rows: 1, ended: true })
    expect([...piece.numbers]).toEqual([9])
    const headless = await pieceOf(xlsxOf({ S: sheet }), { skip: 8, header: false, width: 3 })
    expect(headless).toMatchObject({ start: 9, width: 3 })
    expect(linesOf(headless)).toEqual([[1, 'n  ', '1', '', '']])
    expect(await pieceOf(xlsxOf({ S: sheet }), { skip: 9 })).toMatchObject({ head: null, ended: true })
  })

  test('come from one on, as many as are wanted, and are counted where that is asked', async () => {
    const book = xlsxOf({ S: numbered(5) })
    const most = { rows: 2, bytes: 1000 }
    const first = await pieceOf(book, { from: 3, most, count: true })
    expect([linesOf(first).map(line => line[2]), first.ended, first.rows]).toEqual([['2', '3'], false, 5])
    const last = await pieceOf(book, { from: 5, most })
    expect([[...last.numbers], last.ended, last.rows]).toEqual([[5, 6], true, null])
    const small = await pieceOf(book, { most: { rows: 9, bytes: 1 } })
    expect([[...small.numbers], small.ended]).toEqual([[2], false])
  })

  test('have no more cells than the first, however far to the right one lies', async () => {
    const sheet = `${named('No')}<row><c r="XFD2"><v>1</v></c></row>`
    expect(linesOf(await pieceOf(xlsxOf({ S: sheet })))).toEqual([[16_384, ' ', '']])
  })

  test('are read no further than they are wanted', async () => {
    const broken = xlsxOf({ S: `${numbered(100_000)}<broken` })
    expect(await pieceOf(broken, { most: { rows: 2, bytes: 1000 } })).toMatchObject({ ended: false })
    await expect(pieceOf(broken, { most: { rows: 2, bytes: 1000 }, count: true })).rejects.toMatchObject({
      code: 'broken_xml',
    })
  })
})
