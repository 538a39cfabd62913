import { describe, expect, test } from 'vitest'
import { previewer } from '../src/preview.ts'
import { FileOpener } from '../src/sources/file-opener.ts'
import { sourceOpener } from '../src/sources/open.ts'
import type { OpenSource, SourceDocument } from '../src/sources/source.ts'
import { structuredSpec } from '../src/sources/specs/structured.ts'
import { kindsOver } from './kit/source-kinds.ts'
import { folderWith } from './sources/folder.ts'

const chunking = { strategy: 'markdown', chunk_size: 64, chunk_overlap: 0 } as const
const { signal } = new AbortController()
const spec = { type: 'markdown', path: '.' } as const
const options = { limit: 10, chunking, signal }

const previewOf = async (files: Record<string, string | Buffer>, limit = 10) => {
  const root = await folderWith(files)
  const open = sourceOpener(kindsOver(new FileOpener({ roots: [root] })))
  return { root, found: await previewer(open)(spec, { ...options, limit }) }
}
/** A source in memory, of which each bite is a document. */
const sourceOf =
  (total: number | null, ...documents: readonly Partial<SourceDocument>[]): OpenSource =>
  () => ({
    id: 'test:source',
    source: {
      total: async () => total,
      bite: async cursor => {
        const at = Number(cursor ?? 0)
        const document = {
          uri: `d${at}`,
          title: '',
          mediaType: 'text/plain',
          text: 'x',
          metadata: {},
          ...documents[at],
        }
        return { documents: [document], next: at + 1 < documents.length ? String(at + 1) : null }
      },
    },
  })
const endless = (_: unknown, aborted: AbortSignal) =>
  new Promise<never>((_resolve, reject) => aborted.addEventListener('abort', () => reject(aborted.reason)))

describe('a preview', () => {
  test('is what the source would yield: documents with their chunks, rejects with their cause, and the total', async () => {
    const { root, found } = await previewOf({
      'a.md': `---\ntitle: About herons\nauthor: Ann\n---\n\nHerons stand. ${'They wait. '.repeat(60)}`,
      'b.md': '',
      'c.md': '# Otters\n\nOtters swim.',
    })
    expect(found).toMatchObject({ source: `markdown:${root}`, total: 3, stopped: null, unlisted: [] })
    expect(found.documents).toMatchObject([
      { title: 'About herons', media_type: 'text/markdown', metadata: { author: 'Ann' } },
      { title: 'Otters', chunks: 1, characters: 22, begins: '# Otters\n\nOtters swim.' },
    ])
    expect(found.documents[0]!.chunks).toBeGreaterThan(1)
    expect(found.documents[0]!.begins).toHaveLength(200)
    expect(found.rejected).toMatchObject([{ code: 'empty_document', message: expect.stringContaining('b.md') }])
  })

  test('reads no more than its limit, rejects included', async () => {
    const { found } = await previewOf({ 'a.md': 'a', 'b.md': '', 'c.md': 'c' }, 2)
    expect([found.documents.length, found.rejected.length, found.total, found.stopped]).toEqual([1, 1, 3, 'limit'])
    const exact = await previewOf({ 'a.md': 'a', 'b.md': 'b' }, 2)
    expect(exact.found.stopped).toBeNull()
  })

  const tables = async (limit: number) => {
    const root = await folderWith({ 'a.csv': 'No,Word\n1,heron\nx,\n3,grebe\n', 'b.csv': 'No\n7\n' })
    const no = { column: 'No', name: 'no', type: 'integer' }
    const source = structuredSpec.parse({
      ...{ type: 'structured', path: root, max_bad_rows: 5 },
      mapping: {
        tables: [
          { table: 'a', files: ['a.csv'], columns: [no, { column: 'Word', name: 'word', type: 'text' }] },
          { table: 'b', files: ['b.csv'], columns: [no] },
        ],
      },
    })
    const open = sourceOpener(kindsOver(new FileOpener({ roots: [root] })))
    return previewer(open)(source, { ...options, limit })
  }

  test('of tables is their rows as they would be typed, and each row that cannot be read with its number and column', async () => {
    const found = await tables(10)
    expect(found).toMatchObject({ documents: [], stopped: null })
    expect(found.tables).toMatchObject([
      {
        ...{ table: 'a', file: expect.stringMatching(/a\.csv$/), columns: [{ name: 'no' }, { name: 'word' }] },
        rows: [
          { row: 1, cells: ['1', 'heron'] },
          { row: 3, cells: ['3', 'grebe'] },
        ],
      },
      { table: 'b', rows: [{ row: 1, cells: ['7'] }] },
    ])
    expect(found.rejected).toEqual([
      {
        ...{ uri: expect.stringMatching(/a\.csv#row=2$/), code: 'bad_row' },
        message: expect.stringMatching(/^Row 2 of .*column "No" is "x", which is not a whole number/),
      },
    ])
  })

  test('of tables counts rows and rejects against its limit, in the order of the file', async () => {
    const found = await tables(2)
    expect(found.tables.map(({ table, rows }) => [table, rows.map(({ row }) => row)])).toEqual([['a', [1]]])
    expect([found.rejected.length, found.stopped]).toEqual([1, 'limit'])
    const exact = await tables(3)
    expect([exact.tables.length, exact.rejected.length, exact.stopped]).toEqual([1, 1, 'limit'])
  })

  test('goes on from bite to bite, and stops past its characters', async () => {
    const open = sourceOf(null, { text: 'a' }, { text: 'b'.repeat(90) }, { text: 'c' }, { text: 'd' })
    expect(await previewer(open)(spec, options)).toMatchObject({ total: null, stopped: null, documents: { length: 4 } })
    const short = await previewer(open, { characters: 50, ms: 60_000 })(spec, options)
    expect([short.documents.map(({ uri }) => uri), short.stopped]).toEqual([['d0', 'd1'], 'characters'])
  })

  test('has its time: a total or a bite that does not come is left out, and said', async () => {
    const limits = { characters: 100, ms: 5 }
    const stuck: OpenSource = () => ({ id: 'x', source: { total: signal => endless(0, signal), bite: endless } })
    expect(await previewer(stuck, limits)(spec, options)).toMatchObject({
      ...{ total: null, stopped: 'time', documents: [], rejected: [] },
    })
  })

  test('whose total does not come in half of its time shows the first documents nonetheless', async () => {
    const { source } = sourceOf(null, { text: 'a' })(undefined as never, 0)
    const slow: OpenSource = () => ({ id: 'x', source: { ...source, total: signal => endless(0, signal) } })
    expect(await previewer(slow, { characters: 100, ms: 1_000 })(spec, options)).toMatchObject({
      ...{ total: null, stopped: null, documents: { length: 1 } },
    })
  })

  test('ends when its caller leaves, and lets errors of the source through', async () => {
    const gone = new AbortController()
    const stuck: OpenSource = () => ({ id: 'x', source: { total: signal => endless(0, signal), bite: endless } })
    const asked = previewer(stuck)(spec, { ...options, signal: gone.signal })
    gone.abort(new Error('left'))
    await expect(asked).rejects.toThrow('left')
    const open = sourceOpener(kindsOver(new FileOpener({ roots: ['/nowhere'] })))
    await expect(previewer(open)(spec, options)).rejects.toMatchObject({ code: 'source_gone' })
  })
})
