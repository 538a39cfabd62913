import { describe, expect, test } from 'vitest'
import { dateOf } from '../../../src/sources/parsing/pdf/info.ts'
import { pagesAtOnce, parsePdf } from '../../../src/sources/parsing/pdf.ts'
import { column, pdfOf, type Words } from './pdf-of.ts'

const read = (pages: readonly (readonly Words[])[], more = {}) => parsePdf({ bytes: pdfOf(pages, more), from: 1 })
const textOf = async (...words: readonly Words[]) => (await read([words])).text

const prose = [
  'Water runs through the gates of the',
  'canal, and whoever opens one of the',
  'gates lets it run on to the next.',
]

describe('the text of a page', () => {
  test('has its lines joined to paragraphs, below a heading with its number', async () => {
    const second = column(['A second paragraph.'], 72, 640)
    expect(await textOf(...column(prose), ...second)).toBe(`## Page 1\n\n${prose.join(' ')}\n\nA second paragraph.\n\n`)
  })

  test('joins a word that was parted at the end of a line', async () => {
    expect(await textOf(...column(['Water is distrib-', 'uted by gates, as Mar-', 'Jo said.']))).toContain(
      'Water is distributed by gates, as Mar- Jo said.',
    )
  })

  test('has headings where letters are larger, below that of the page', async () => {
    const heads: Words[] = [
      { text: 'The Canal', x: 72, y: 780, size: 20 },
      { text: 'Its gates', x: 72, y: 740, size: 14 },
    ]
    expect(await textOf(...heads, ...column([...prose, ...prose, ...prose]))).toMatch(
      /^## Page 1\n\n### The Canal\n\n#### Its gates\n\nWater runs/,
    )
  })

  test('keeps code in lines, indented as it is', async () => {
    const code = ['if open:', '    run()'].map((text, i) => {
      const indent = text.length - text.trimStart().length
      return { text: text.trim(), x: 72 + indent * 6, y: 600 - 12 * i, font: 'Courier' as const }
    })
    expect(await textOf(...column(prose), ...code)).toContain('```\nif open:\n    run()\n```')
  })

  test('has bullets as a list, and the dots of a table of contents as one mark', async () => {
    expect(
      await textOf(...column(['\x95 one gate', '\x95 two gates', '1.1 Gates . . . . . . . . . . . 12'])),
    ).toContain('- one gate\n\n- two gates\n\n1.1 Gates … 12')
  })
})

describe('the order of a page', () => {
  const left = Array.from({ length: 8 }, (_, i) => `left ${i} of the water in the canal`)
  const right = Array.from({ length: 8 }, (_, i) => `right ${i} of the water in the canal`)
  const expected = `${left.join(' ')} ${right.join(' ')}`

  test('is that of its columns, written one after the other', async () => {
    expect(await textOf(...column(left), ...column(right, 320))).toContain(expected)
  })

  test('is that of its columns, written line by line across both', async () => {
    const across = left.flatMap((text, i) => [
      { text, x: 72, y: 700 - 12 * i },
      { text: right[i]!, x: 320, y: 700 - 12 * i },
    ])
    expect(await textOf(...across)).toContain(expected)
  })

  test('is from top to bottom where it was written from bottom to top', async () => {
    expect(await textOf(...column(left).reverse())).toContain(left.join(' '))
  })

  test('keeps the cells of a row together', async () => {
    const row = (y: number, ...cells: string[]) => cells.map((text, i) => ({ text, x: 72 + 150 * i, y }))
    expect(await textOf(...row(700, 'Gate', 'Width'), ...row(680, 'North', '3 m'))).toBe(
      '## Page 1\n\nGate  Width\n\nNorth  3 m\n\n',
    )
  })
})

describe('a document', () => {
  test('loses page numbers, and heads that run through it after their first page', async () => {
    const words = ['Water runs.', 'Gates hold it: 7.', 'Gates hold it: 5.', 'Gates hold it: 9.']
    const pages = words.map((text, i) => [
      { text: 'Manual of canals', x: 72, y: 800 },
      ...column([text]),
      { text: `${i + 11}`, x: 300, y: 40 },
      { text: `Rev. 3, page ${i + 11} of 20`, x: 72, y: 20 },
    ])
    const { text } = await read(pages)
    expect(text.split(/\n\n/)).toEqual([
      ...['## Page 1', 'Manual of canals', 'Water runs.', 'Rev. 3, page 11 of 20', '## Page 2', words[1], '## Page 3'],
      ...[words[2], '## Page 4', words[3], ''],
    ])
  })

  test('says what it is called, by whom and when', async () => {
    const info = { Title: 'Canals', Author: 'A. Writer', CreationDate: "D:20230102120621+01'00'" }
    expect(await read([column(prose)], { info })).toMatchObject({
      title: 'Canals',
      metadata: { author: 'A. Writer', created: '2023-01-02T12:06:21+01:00' },
      pages: 1,
      next: null,
    })
    expect((await read([column(prose)], { info: { Title: 'Microsoft Word - canals.doc' } })).title).toBe('')
    const named = await read([[{ text: 'Of Canals', x: 72, y: 780, size: 24 }, ...column([...prose, ...prose])]])
    expect(named.title).toBe('Of Canals')
  })

  test('of many pages is read in turns, and pages without text are named', async () => {
    const pages = Array.from({ length: pagesAtOnce + 2 }, (_, i) => (i === 1 ? [] : column([`Text ${i}.`])))
    const bytes = pdfOf(pages)
    const first = await parsePdf({ bytes, from: 1 })
    expect([first.pages, first.next, first.empty]).toEqual([pagesAtOnce + 2, pagesAtOnce + 1, [2]])
    const rest = await parsePdf({ bytes, from: first.next! })
    expect(rest.text).toBe('## Page 51\n\nText 50.\n\n## Page 52\n\nText 51.\n\n')
    expect(rest.next).toBeNull()
  })

  test('that wants a password, or is damaged, is refused by name', async () => {
    await expect(read([column(prose)], { encrypted: true })).rejects.toMatchObject({ code: 'encrypted_pdf' })
    await expect(parsePdf({ bytes: Buffer.from('%PDF-1.4\nnothing'), from: 1 })).rejects.toMatchObject({
      name: 'Reject',
      code: 'broken_pdf',
    })
  })
})

test.each([
  ["D:20230102120621Z00'00'", '2023-01-02T12:06:21Z'],
  ['D:202301', '2023-01'],
  ['20230102', '2023-01-02'],
  ['yesterday', null],
  [undefined, null],
])('the date %s is %s', (given, expected) => {
  expect(dateOf(given)).toBe(expected)
})
