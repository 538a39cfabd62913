import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileOpener } from '../../../src/sources/file-opener.ts'
import { identityOf } from '../../../src/sources/opened-file.ts'
import type { Parsers } from '../../../src/sources/parsing/parsers.ts'
import { parserPool } from '../../../src/sources/parsing/pool.ts'
import type { SheetPiece } from '../../../src/sources/parsing/sheet-rows.ts'
import { type SheetOfFile, Sheets, type SheetsOptions } from '../../../src/sources/structured/sheets.ts'
import { parsersHere } from '../../kit/parsers-here.ts'
import { xlsxOf } from '../parsing/zip-of.ts'

const asker = { asker: 'job', signal: new AbortController().signal }
let folder: string
let parses: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-test-workbook-'))
  parses = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const counted: Parsers = {
  parse(...all) {
    parses += 1
    return parsersHere.parse(...all)
  },
}
const sheetsOver = (more: Partial<SheetsOptions> = {}) =>
  new Sheets({ opener: new FileOpener({ roots: [folder] }), parsers: counted, ...more })
const written = (name: string, rows: number): SheetOfFile => {
  const path = join(folder, name)
  const row = (i: number) => `<row><c><v>${i}</v></c></row>`
  writeFileSync(path, xlsxOf({ S: Array.from({ length: rows + 1 }, (_, i) => row(i)).join('') }))
  return { path, identity: identityOf(statSync(path)), sheet: null, skip: 0, header: true, width: 0 }
}
const numbersOf = async (piece: ReturnType<Sheets['piece']>) => [...((await piece) as SheetPiece).numbers]

test('a piece is parsed once for all that lies in it, and again after the last of it', async () => {
  const sheets = sheetsOver({ pieceBytes: 20 })
  const sheet = written('a.xlsx', 5)
  expect(await numbersOf(sheets.piece(sheet, 0, asker))).toEqual([2, 3])
  expect(await numbersOf(sheets.piece(sheet, 2, asker))).toEqual([2, 3])
  expect(await numbersOf(sheets.piece(sheet, 3, asker))).toEqual([2, 3])
  expect(parses).toBe(1)
  expect(await numbersOf(sheets.piece(sheet, 4, asker))).toEqual([4, 5])
  expect(await numbersOf(sheets.piece(sheet, 6, asker))).toEqual([6])
  expect(await numbersOf(sheets.piece(sheet, 7, asker))).toEqual([6])
  expect(parses).toBe(3)
  expect(await sheets.piece(sheet, 0, asker)).toMatchObject({ rows: 5 })
  expect(parses).toBe(4)
})

test('pieces are kept up to their bytes, those that were used last', async () => {
  const [a, b, c] = ['a.xlsx', 'b.xlsx', 'c.xlsx'].map(name => written(name, 1))
  const sheets = sheetsOver({ keptBytes: 40 })
  for (const sheet of [a, b, a, c]) await sheets.piece(sheet!, 0, asker)
  expect(parses).toBe(3)
  await sheets.piece(a!, 0, asker)
  expect(parses).toBe(3)
  await sheets.piece(b!, 0, asker)
  expect(parses).toBe(4)
})

test('what is forgotten, and what was only looked at, is parsed again', async () => {
  const sheets = sheetsOver()
  const sheet = written('a.xlsx', 3)
  expect(await numbersOf(sheets.look(sheet, 1, asker))).toEqual([2])
  await sheets.piece(sheet, 0, asker)
  sheets.forget(sheet)
  await sheets.piece(sheet, 0, asker)
  expect(parses).toBe(3)
})

test('a file that is another by now is refused', async () => {
  const sheet = { ...written('a.xlsx', 1), identity: 'another' }
  await expect(sheetsOver().piece(sheet, 0, asker)).rejects.toMatchObject({ code: 'file_changed' })
})

test('a child parses it', async () => {
  const pool = parserPool({ children: 1, timeoutMs: 60_000, memoryBytes: 512 * 1024 * 1024 })
  try {
    const piece = await sheetsOver({ parsers: pool }).piece(written('a.xlsx', 3), 0, asker)
    expect(piece).toMatchObject({ sheet: 'S', head: ['0'], rows: 3, ended: true })
    expect(Buffer.from((piece as SheetPiece).lines).toString()).toBe('[1,"n","1"][1,"n","2"][1,"n","3"]')
  } finally {
    await pool.close()
  }
})
