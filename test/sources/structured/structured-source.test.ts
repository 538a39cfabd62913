import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Bite } from '../../../src/sources/source.ts'
import { structuredSpec } from '../../../src/sources/specs/structured.ts'
import { checkStructured } from '../../../src/sources/structured/structured-kind.ts'
import { structuredSource } from '../../../src/sources/structured/structured-source.ts'
import { specOfTables, tableFilesBelow } from '../../kit/table-files.ts'
import { xlsxOf } from '../parsing/zip-of.ts'

const { signal } = new AbortController()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-test-structured-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text)
const columns = [
  { column: 'No', name: 'no', type: 'integer', key: true },
  { column: 'Word', name: 'word', type: 'text' },
]
const specOf = (table: object = {}, more: object = {}) =>
  specOfTables({
    ...{ type: 'structured', path: '.', mapping: { tables: [{ table: 't', files: ['a.csv'], columns, ...table }] } },
    ...more,
  })
const check = async (spec = specOf()) =>
  (await checkStructured({ files: tableFilesBelow(folder), spec })).map(({ path, message }) => `${path} ${message}`)
const open = (spec = specOf(), rows = 2, files = tableFilesBelow(folder)) =>
  structuredSource({
    ...{ files, spec, asker: 'job' },
    most: { rows, documents: rows, bytes: 1, ms: 10_000 },
  })

describe('a mapping', () => {
  test('that fits has no mistakes', async () => {
    write('a.csv', 'No,Word\n1,one\n')
    expect(await check()).toEqual([])
  })

  test('is held against the header: what is missing, unknown or there twice is named, with what may be meant', async () => {
    write('a.csv', 'Nr,Word,Word,Note\n1,one,uno,x\n')
    expect(await check()).toEqual([
      expect.stringMatching(
        /^mapping\.tables\[0\]\.columns\[0\]\.column names the column "No", which .*a\.csv has not \(is it "Nr"\?\)$/,
      ),
      expect.stringMatching(/columns\[1\]\.column names the column "Word", which .* has more than once/),
      expect.stringMatching(/columns does not map the column "Nr" of .* \(is it "No"\?\)/),
      expect.stringMatching(/columns does not map the column "Word"/),
      expect.stringMatching(/columns does not map the column "Note"/),
    ])
    expect((await check(specOf({ ignore: '*' }))).join()).not.toContain('Note')
  })

  test('whose files are missing, outside, empty or of old Office versions is refused for each', async () => {
    write('empty.csv', '')
    write('book.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'))
    const found = await check(specOf({ files: ['none.csv', '../outside.csv', 'empty.csv', 'book.xls'] }))
    expect(found).toEqual([
      expect.stringContaining('files[0]'),
      expect.stringContaining('files[1]'),
      expect.stringContaining('no row'),
      expect.stringContaining('save it as .xlsx'),
    ])
  })

  test('in a file is refused with the path inside of it', async () => {
    write('a.csv', 'No,Word\n')
    write('m.yaml', 'tables:\n  - table: t\n    files: [a.csv]\n    columns: [{ name: No, type: number }]\n')
    const spec = specOfTables({ type: 'structured', path: '.', mapping_file: 'm.yaml' })
    expect(await check(spec)).toEqual([
      expect.stringMatching(/^mapping_file tables\[0\]\.columns\[0\]\.type must be one of/),
    ])
  })

  test('with mistakes of its own names all of them', () => {
    const wrong = {
      columns: [
        { name: 'a', type: 'double', key: true },
        { name: 'a', type: 'date', format: { pattern: 'DD.MM' } },
        { name: '_row', type: 'text' },
      ],
      document: { text: '{{b}}' },
    }
    const parsed = structuredSpec.safeParse({
      type: 'structured',
      path: '.',
      mapping: { tables: [{ table: 't', ...wrong }] },
    })
    expect(parsed.error?.issues.map(({ path }) => path.slice(3).join('.')).sort()).toEqual([
      ...['columns.0.key', 'columns.1.format.pattern', 'columns.1.name', 'columns.2.name', 'document.text'],
    ])
  })
})

describe('bites', () => {
  /** Every row, each bite taken anew from its cursor by a source that knows nothing else. */
  const all = async (spec = specOf(), rows = 1) => {
    const found: string[] = []
    const ends: unknown[] = []
    let cursor: string | null = null
    do {
      const bite = await open(spec, rows).bite(cursor, signal)
      found.push(...bite.tabled!.rows.map(({ row, cells }) => `${bite.tabled!.file}/${row} ${cells.join(' ')}`))
      found.push(...bite.tabled!.rejects.map(({ uri }) => `rejected ${uri.split('/').at(-1)}`))
      if (bite.tabled!.end) ends.push({ ...bite.tabled!.end, files: bite.tabled!.end.files.length })
      cursor = bite.next
    } while (cursor !== null)
    return { found, ends }
  }

  test('go on inside a file at the very row, over files and tables, and tell what there was at the end', async () => {
    const document = { text: '{{word}}' }
    write('a.csv', 'No,Word\r\n1,"o\r\nne"\r\nx,bad\r\n3,ünï\r\n')
    write('b.csv', 'Word,No\nfour,4\n')
    const spec = specOf({ files: ['a.csv', 'b.csv'], document })
    expect(await all(spec)).toEqual({
      found: ['0/1 1 o\r\nne', 'rejected a.csv#row=2', '0/3 3 ünï', '1/1 4 four'],
      ends: [{ files: 2, rows: 3, rejected: 1 }],
    })
    expect(await open(spec).total(signal)).toBe(4)
  })

  test('of a table without rows tell its end', async () => {
    write('a.csv', 'No,Word\n')
    expect(await all()).toEqual({ found: [], ends: [{ files: 1, rows: 0, rejected: 0 }] })
  })

  test('say every wrong column of a row at once', async () => {
    write('a.csv', 'No,Word\n1,one\nx\nz,w,v\n"",\n')
    const { tabled } = await open(specOf({ columns: [columns[0], { ...columns[1], type: 'uuid' }] })).bite(null, signal)
    expect(tabled!.rejects.map(({ message }) => message)).toEqual([
      expect.stringContaining('column "Word" is "one", which is not a UUID'),
      expect.stringContaining('it has 1 cells'),
      expect.stringContaining('it has 3 cells'),
      expect.stringMatching(/column "No" is empty.*; column "Word" is empty/),
    ])
  })

  test('reject a row whose document or uri would be longer than is taken, with its columns, and load the others', async () => {
    const long = 'x'.repeat(3 * 1024 * 1024)
    write('a.csv', `No,Word\n1,one\n2,${long}\n3,${long.slice(0, 9000)}\n`)
    const document = { text: '{{no}}: {{word}}, {{word}}', uri: 'word:{{word}}' }
    const bites: Bite[] = []
    for (let cursor: string | null = null; bites.length === 0 || cursor !== null; cursor = bites.at(-1)!.next)
      bites.push(await open(specOf({ document })).bite(cursor, signal))
    expect(bites.flatMap(({ documents }) => documents)).toMatchObject([{ text: '1: one, one', uri: 'word:one' }])
    expect(bites.flatMap(({ tabled }) => tabled!.rows.map(({ row }) => row))).toEqual([1])
    expect(bites.flatMap(({ tabled }) => tabled!.rejects.map(({ message }) => message))).toEqual([
      expect.stringMatching(
        /^Row 2 of .*its document has 6291461 .*, 6291456 of them from the column "word", .*; at most 4194304/,
      ),
      expect.stringMatching(/^Row 3 of .*its uri has 9005 .* from the column "word"; at most 8192/),
    ])
  })

  test('fail a run whose file or mapping has changed, and one with too many bad rows, by name', async () => {
    write('a.csv', 'No,Word\n1,one\n2,two\n')
    const spec = specOf({ document: { text: '{{word}}' } })
    const { next } = await open(spec, 1).bite(null, signal)
    await expect(open(specOf(), 1).bite(next, signal)).rejects.toMatchObject({ code: 'mapping_changed' })
    write('a.csv', 'No,Word\n1,one\n2,three\n')
    await expect(open(spec, 1).bite(next, signal)).rejects.toMatchObject({ code: 'file_changed' })
    write('a.csv', 'No,Word\nx,y\n')
    await expect(open(specOf({}, { max_bad_rows: 0 })).bite(null, signal)).rejects.toMatchObject({
      code: 'too_many_bad_rows',
    })
  })

  const book = (word: string) =>
    xlsxOf({
      S: `<row><c t="str"><v>No</v></c><c t="str"><v>Word</v></c></row><row><c><v>1</v></c><c t="str"><v>${word}</v></c></row>`,
    })
  test.each([
    ['CSV file', 'a.csv', 'No,Word\n1,one\n', 'No,Word\n1,two\n'],
    ['workbook', 'a.xlsx', book('one'), book('two')],
  ])(
    'of a %s that is written to, replaced or taken away while the last of it is read fail the run',
    async (_, name, before, after) => {
      const spec = specOf({ files: [name] })
      const path = join(folder, name)
      const later = new Date(Date.now() + 5_000)
      const changes = {
        file_changed: [
          () => {
            writeFileSync(path, after)
            utimesSync(path, later, later)
          },
          () => {
            write('new', after)
            renameSync(join(folder, 'new'), path)
          },
        ],
        file_gone: [() => rmSync(path)],
      }
      for (const [code, ways] of Object.entries(changes))
        for (const change of ways) {
          write(name, before)
          expect((await open(spec).bite(null, signal)).next).toBeNull()
          await expect(open(spec, 2, changedWhileRead(change)).bite(null, signal)).rejects.toMatchObject({ code })
        }
    },
  )
})

/** Files of tables of which the one that is opened changes after its rows were read, before the bite ends. */
const changedWhileRead = (change: () => void) => {
  const files = tableFilesBelow(folder)
  const stream = files.opener.stream.bind(files.opener)
  files.opener.stream = async path => {
    const file = await stream(path)
    return {
      ...file,
      async changed() {
        change()
        return file.changed()
      },
    }
  }
  return files
}
