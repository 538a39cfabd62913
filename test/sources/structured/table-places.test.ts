import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FileOpener } from '../../../src/sources/file-opener.ts'
import { sourceOpener } from '../../../src/sources/open.ts'
import { sourceSpec } from '../../../src/sources/spec.ts'
import { structuredSpec } from '../../../src/sources/specs/structured.ts'
import { laneJob } from '../../kit/line.ts'
import { parsersHere } from '../../kit/parsers-here.ts'
import { kindsOver } from '../../kit/source-kinds.ts'
import { folderWith } from '../folder.ts'
import { xlsxOf } from '../parsing/zip-of.ts'

const columns = [{ column: 'No', name: 'no', type: 'integer', key: true }]
const mapping = { tables: [{ table: 't', files: ['in/a.csv'], columns }] }
const specOf = (more: object = { mapping }) => structuredSpec.parse({ type: 'structured', uploads: true, ...more })
const { signal } = new AbortController()

const opened = async (files: Readonly<Record<string, string | Buffer>>, spec = specOf()) => {
  const folder = await folderWith(files)
  const kinds = kindsOver(new FileOpener({ roots: ['/nowhere'] }), parsersHere, { folder, maxBytes: 1024 * 1024 })
  const job = laneJob({ kb_id: 'kb', branches: ['TABULATING'], sources: [JSON.stringify(spec)] })
  return { folder, kind: kinds.structured, ...sourceOpener(kinds)(job, 0) }
}

describe('tables of uploads', () => {
  test('are those of the knowledge base, by a mapping that was uploaded too', async () => {
    const spec = specOf({ mapping_file: 'm.json' })
    const files = { 'kb/in/a.csv': 'No\n1\n2\n', 'kb/m.json': JSON.stringify(mapping), 'other/in/a.csv': 'No\n3\n' }
    const { folder, kind, source, id } = await opened(files, spec)
    expect(await kind.check(spec, 'kb')).toEqual([])
    expect(id).toBe('structured:uploads#m.json')
    expect(await source.total(signal)).toBe(2)
    const { tabled } = await source.bite(null, signal)
    expect(tabled).toMatchObject({
      uri: `file://${join(folder, 'kb/in/a.csv')}`,
      rows: [{ cells: ['1'] }, { cells: ['2'] }],
    })
  })

  test('may be workbooks', async () => {
    const book = xlsxOf({ S: '<row><c t="str"><v>No</v></c></row><row><c><v>7</v></c></row>' })
    const spec = specOf({ mapping: { tables: [{ table: 't', files: ['a.xlsx'], columns }] } })
    const { kind, source } = await opened({ 'kb/a.xlsx': book }, spec)
    expect(await kind.check(spec, 'kb')).toEqual([])
    expect((await source.bite(null, signal)).tabled).toMatchObject({ rows: [{ cells: ['7'] }] })
  })

  test.each([
    [
      'files of another knowledge base',
      { mapping: { tables: [{ table: 't', files: ['../other/in/a.csv'], columns }] } },
    ],
    ['a mapping of another knowledge base', { mapping_file: '../other/m.json' }],
    ['a mapping of the machine', { mapping_file: '/etc/hostname' }],
  ])('are never %s', async (_, more) => {
    const files = { 'kb/in/a.csv': 'No\n1\n', 'other/in/a.csv': 'No\n3\n', 'other/m.json': JSON.stringify(mapping) }
    const { kind } = await opened(files)
    expect(await kind.check(specOf(more), 'kb')).toEqual([
      { path: expect.any(String), message: expect.stringContaining('outside of the allowed folders') },
    ])
  })

  test('for which nothing was uploaded are refused, with what to do', async () => {
    const { kind } = await opened({ 'other/in/a.csv': 'No\n1\n' })
    const message = expect.stringContaining('penstock upload FILE --kb kb')
    expect(await kind.check(specOf(), 'kb')).toEqual([{ path: 'uploads', message }])
  })

  test.each([{ mapping }, { mapping, path: '.', uploads: true }])('%j does not say where the files are', more => {
    expect(sourceSpec.safeParse({ type: 'structured', ...more }).success).toBe(false)
  })
})
