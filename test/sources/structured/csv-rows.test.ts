import { expect, test } from 'vitest'
import type { OpenedFile } from '../../../src/sources/opened-file.ts'
import type { TableMapping } from '../../../src/sources/specs/mapping.ts'
import { countRows, dialectOf, readRows } from '../../../src/sources/structured/csv-rows.ts'

const fileOf = (content: Buffer | string): OpenedFile => {
  const bytes = Buffer.from(content as string)
  return {
    uri: 'file:///rows.csv',
    size: bytes.length,
    identity: 'one',
    read: async (at, length) => bytes.subarray(at, at + length),
    changed: async () => false,
    close: async () => undefined,
  }
}
const { signal } = new AbortController()

/** All rows, so many at a time: each from where the ones before it ended. */
const rowsOf = async (file: OpenedFile, mapping: Partial<TableMapping> = {}, most = 0) => {
  const dialect = await dialectOf(file, { table: 't', columns: [], ...mapping })
  const found: (readonly string[] | string)[] = []
  for (let at = dialect.transcoder.mark, ended = false; !ended; ) {
    const piece = await readRows(file, dialect, at, most)
    expect(piece.next).toBeGreaterThan(at)
    found.push(...piece.rows.map(({ cells, broken }) => broken ?? cells))
    ;({ next: at, ended } = piece)
  }
  return found
}

const hard = 'a,b\r\n"x, y","line one\r\nline ""two"""\r\n\r\nÄÖ,😀\r\n,"last"'
const cells = [
  ['a', 'b'],
  ['x, y', 'line one\r\nline "two"'],
  ['ÄÖ', '😀'],
  ['', 'last'],
]

test.each([0, 1, 2])(
  'quotes, line ends in cells, blank lines and a last row without an end, %i at a time',
  async most => {
    expect(await rowsOf(fileOf(hard), {}, most)).toEqual(cells)
  },
)

test.each<[string, Buffer, Partial<TableMapping>]>([
  ['UTF-8 with a mark', Buffer.from(`\ufeff${hard}`), {}],
  ['UTF-16 LE with a mark', Buffer.from(`\ufeff${hard}`, 'utf16le'), {}],
  ['UTF-16 BE with a mark', Buffer.from(`\ufeff${hard}`, 'utf16le').swap16(), {}],
  ['UTF-16 LE without one', Buffer.from(hard, 'utf16le'), { encoding: 'utf-16le' }],
])('%s reads the same, from every row on', async (_, bytes, mapping) => {
  for (const most of [0, 1]) expect(await rowsOf(fileOf(bytes), mapping, most)).toEqual(cells)
})

test('single-byte encodings are read by their names', async () => {
  expect(await rowsOf(fileOf(Buffer.from('caf\xe9,\x80', 'latin1')), { encoding: 'windows-1252' })).toEqual([
    ['café', '€'],
  ])
})

test('bytes that are no text break their row, and no other', async () => {
  const bytes = Buffer.concat([Buffer.from('a,b\n'), Buffer.from([0x63, 0x2c, 0xff, 0x0a]), Buffer.from('d,ü\n')])
  expect(await rowsOf(fileOf(bytes))).toEqual([['a', 'b'], expect.stringContaining('cell 2'), ['d', 'ü']])
})

test('a quote in the middle of a cell breaks its row', async () => {
  const [first, second, third] = await rowsOf(fileOf('a,b\n"x"y,z\nc,d\n'))
  expect([first, third]).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  expect(second).toContain('quote')
})

test('a quote that is never closed breaks the row it is in, and no other', async () => {
  for (const most of [0, 1])
    expect(await rowsOf(fileOf('a,b\nc,"d\ne,f\ng,h\n'), {}, most)).toEqual([
      ...[['a', 'b'], expect.stringContaining('quote'), ['e', 'f'], ['g', 'h']],
    ])
})

test('a row that is longer than a piece is read whole', async () => {
  const long = 'x'.repeat(700_000)
  expect(await rowsOf(fileOf(`a,b\n"${long}\n${long}",c\nd,e\n`))).toEqual([
    ['a', 'b'],
    [`${long}\n${long}`, 'c'],
    ['d', 'e'],
  ])
})

test.each([
  ['lf', '\n'],
  ['crlf', '\r\n'],
  ['cr', '\r'],
] as const)('%s ends lines as the first line says, or the mapping', async (name, end) => {
  const file = fileOf(['a,b', 'c,d', ''].join(end))
  const expected = [
    ['a', 'b'],
    ['c', 'd'],
  ]
  expect(await rowsOf(file)).toEqual(expected)
  expect(await rowsOf(file, { newline: name })).toEqual(expected)
})

test('other delimiters, quotes and escapes', async () => {
  const mapping = { delimiter: '\t', quote: "'", escape: '\\' }
  expect(await rowsOf(fileOf("a\t'b\\'c\td'\n"), mapping)).toEqual([['a', "b'c\td"]])
})

test('counting sees as many rows as reading, whatever is in the cells', async () => {
  const file = fileOf(`${hard}\r\n`.repeat(50))
  const dialect = await dialectOf(file, { table: 't', columns: [] })
  expect(await countRows(file, dialect, 0, signal)).toBe((await rowsOf(file)).length)
})

test.each([0, 1])(
  'a line end that is cut by the end of a piece is one line end, with %i bytes before it',
  async more => {
    // The header is of 5 bytes, and a piece of 128 KiB.
    const long = 'x'.repeat(128 * 1024 - 5 - 2 - 1 + more)
    const content = `a,b\r\n1,${long}\r\n2,y\r\n`
    expect(content.indexOf('\r\n2') + 1 - 128 * 1024).toBe(more)
    expect(await rowsOf(fileOf(content))).toEqual([
      ['a', 'b'],
      ['1', long],
      ['2', 'y'],
    ])
  },
)

test('a file without any line end has one row, and none after it', async () => {
  expect(await rowsOf(fileOf('a,b'))).toEqual([['a', 'b']])
})

test('a file that becomes shorter while it is read fails by name', async () => {
  const file = fileOf('a,b\n1,2\n')
  const shorter: OpenedFile = { ...file, read: async (at, length) => (await file.read(at, length)).subarray(0, 3) }
  const dialect = await dialectOf(file, { table: 't', columns: [] })
  await expect(readRows(shorter, dialect, 0)).rejects.toMatchObject({ code: 'file_changed' })
})
