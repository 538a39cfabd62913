import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { LoadRequest } from '../../src/schemas/load-request.ts'
import { documents, loadRequests } from '../../src/schemas/topics.ts'
import { FileOpener } from '../../src/sources/file-opener.ts'
import { folderSource } from '../../src/sources/folder-source.ts'
import { ListingCaches } from '../../src/sources/listing-cache.ts'
import { readMarkdown } from '../../src/sources/markdown.ts'
import { sourceOpener } from '../../src/sources/open.ts'
import { parserPool } from '../../src/sources/parsing/pool.ts'
import { isSourceReject, type SourceDocument, type SourceReject } from '../../src/sources/source.ts'
import { loading } from '../../src/stages/loading.ts'
import { laneJob } from '../kit/line.ts'
import { parsersHere } from '../kit/parsers-here.ts'
import { poisons } from '../kit/poisoned-parsers.ts'
import { tryStage } from '../kit/run-stage.ts'
import { kindsOver } from '../kit/source-kinds.ts'
import { folderWith } from './folder.ts'

const forever = new AbortController().signal

const open = async (files: Record<string, string | Buffer>, spec: Record<string, unknown> = {}) => {
  const root = await folderWith(files)
  const job = laneJob({ sources: [JSON.stringify({ type: 'markdown', path: '.', ...spec })] })
  const opened = sourceOpener(kindsOver(new FileOpener({ roots: [root] })))(job, 0)
  const all = async () => {
    const found: (SourceDocument | SourceReject)[] = []
    let cursor: string | null = null
    do {
      const bite = await opened.source.bite(cursor, forever)
      found.push(...bite.documents)
      cursor = bite.next
    } while (cursor !== null)
    return found
  }
  return { root, all, ...opened }
}
const names = (found: readonly { uri: string }[]) => found.map(({ uri }) => uri.split('/').at(-1))

describe('what a source reads', () => {
  test('markdown takes Markdown, local_files every type it knows, each by its extension', async () => {
    const files = { 'a.md': '# A', 'b.mdx': 'b', 'c.txt': 'c', 'd.rst': 'd', 'e.bin': 'e', 'F.MD': 'f' }
    expect(names(await (await open(files)).all())).toEqual(['F.MD', 'a.md', 'b.mdx'])
    const found = await (await open(files, { type: 'local_files' })).all()
    expect(found.map(one => [one.uri.at(-1), !isSourceReject(one) && one.mediaType])).toEqual([
      ['D', 'text/markdown'],
      ['d', 'text/markdown'],
      ['x', 'text/markdown'],
      ['t', 'text/plain'],
      ['t', 'text/x-rst'],
    ])
  })

  test('include and exclude are matched below the path', async () => {
    const files = { 'a.md': 'a', 'sub/b.md': 'b', 'sub/deep/c.md': 'c', 'sub/d.txt': 'd' }
    expect(names(await (await open(files, { include: ['sub/**/*.md'], exclude: ['**/deep/**'] })).all())).toEqual([
      'b.md',
    ])
    expect(names(await (await open(files, { type: 'local_files', include: ['**/*.txt'] })).all())).toEqual(['d.txt'])
  })

  test('a path may be one file, whatever its name', async () => {
    const { all, source } = await open({ 'notes.conf': 'text' }, { type: 'local_files', path: 'notes.conf' })
    expect(names(await all())).toEqual(['notes.conf'])
    expect(await source.total(forever)).toBe(1)
  })

  test('front matter becomes metadata, and the text says where it starts in the file', async () => {
    const file = '---\ntitle: Gate\n---\n# Heading\n'
    const { all, root } = await open({ 'a.md': file })
    expect(await all()).toEqual([
      {
        uri: pathToFileURL(join(root, 'a.md')).href,
        title: 'Gate',
        mediaType: 'text/markdown',
        text: '# Heading\n',
        offset: file.indexOf('#'),
        metadata: { title: 'Gate' },
      },
    ])
  })

  test('each file that cannot be a document is named with its cause, and the rest is read', async () => {
    const found = await (
      await open({
        'binary.md': Buffer.from([0x89, 0x50, 0, 1]),
        'empty.md': '',
        'front.md': '---\na: 1\n---\n\n',
        'good.md': '# Good',
        'latin.md': Buffer.from('caf\xe9', 'latin1'),
      })
    ).all()
    expect(found.map(one => (isSourceReject(one) ? one.code : one.text))).toEqual([
      'binary_content',
      'empty_document',
      'empty_document',
      '# Good',
      'invalid_utf8',
    ])
    for (const one of found) if (isSourceReject(one)) expect(one.message).toContain(new URL(one.uri).pathname)
  })

  test('a Markdown file of 50 MB is a document', async () => {
    const [one] = await (await open({ 'big.md': '# Big\n\nwater\n'.repeat(4_000_000) })).all()
    expect(one && !isSourceReject(one) && one.text.length).toBe(13 * 4_000_000)
  })
})

describe('a file on which the parser hangs, dies or swells', () => {
  test('is rejected by name, and every other file of its bite is read', async () => {
    const table = new URL('../kit/poisoned-parsers.ts', import.meta.url)
    const parsers = parserPool({ table, children: 3, timeoutMs: 1000, memoryBytes: 2 ** 28 })
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`${10 + i}.md`, `---\ntitle: T${i}\n---\ntext`]),
    )
    for (const [i, poison] of Object.keys(poisons).entries()) files[`1${i}.md`] = `---\npoison: ${poison}\n---\ntext`
    const root = await folderWith(files)
    const stage = loading({
      openSource: sourceOpener(kindsOver(new FileOpener({ roots: [root] }), parsers)),
      store: { listed: async () => new Set<string>() },
    })
    const sources = [JSON.stringify({ type: 'markdown', path: '.' })]
    const bites: Awaited<ReturnType<typeof tryLoading>>[] = []
    const tryLoading = (request: LoadRequest) => tryStage(stage, [request], { job: { sources } })
    let request: LoadRequest | undefined = {
      ...{ type: 'load_request', job_id: 'job', seq: 0, source_index: 0, cursor: null, documents_before: 0 },
    }
    while (request) {
      const tried = await tryLoading(request)
      bites.push(tried)
      request = tried.of(loadRequests).find(one => one.type === 'load_request')
    }
    await parsers.close()
    const rejects = bites.flatMap(tried => tried.rejects)
    expect(rejects.map(({ uri, reject }) => [uri?.split('/').at(-1), reject.code])).toEqual([
      ['10.md', 'parser_timeout'],
      ['11.md', 'parser_died'],
      ['12.md', 'parser_out_of_memory'],
    ])
    for (const { uri, reject } of rejects) expect(reject.message).toContain(new URL(uri!).pathname)
    expect(bites.flatMap(tried => tried.of(documents)).map(one => one.type === 'document' && one.title)).toEqual(
      Array.from({ length: 17 }, (_, i) => `T${i + 3}`),
    )
    expect(bites.reduce((sum, tried) => sum + tried.counted, 0)).toBe(20)
  })
})

describe('bite by bite', () => {
  const filesOf = (length: number) =>
    Object.fromEntries(Array.from({ length }, (_, i) => [`${i}.md`, `text ${i} ${'x'.repeat(100)}`]))
  const many = filesOf(30)
  const small = (root: string, most: { documents?: number; characters?: number; ms?: number }) =>
    folderSource({
      opener: new FileOpener({ roots: [root] }),
      spec: { type: 'markdown', path: root },
      read: readMarkdown,
      parsers: parsersHere,
      most: { documents: 1000, characters: 1e9, ms: 60_000, ...most },
    })

  test.each([
    [{ documents: 7 }, 30, 5],
    [{ characters: 500 }, 30, 6],
    [{ ms: 0 }, 100, 4],
  ])('bites of %j cover each of %i files once', async (most, count, expected) => {
    const root = await folderWith(filesOf(count))
    const source = small(root, most)
    const found: string[] = []
    let bites = 1
    for (let cursor: string | null = null; ; bites++) {
      const bite = await source.bite(cursor, forever)
      found.push(...bite.documents.map(one => one.uri))
      if (bite.next === null) break
      expect(await small(root, most).bite(cursor, forever)).toEqual(bite)
      cursor = bite.next
    }
    expect(bites).toBe(expected)
    expect(new Set(found).size).toBe(count)
    expect(found).toHaveLength(count)
    expect(await source.total(forever)).toBe(count)
  })

  test('goes on after the cursor although files came and went, and stays short', async () => {
    const root = await folderWith(many)
    const first = await small(root, { documents: 10 }).bite(null, forever)
    await rm(join(root, first.next as string))
    await writeFile(join(root, '0.md'), 'earlier')
    await writeFile(join(root, 'zz.md'), 'later')
    const second = await small(root, { documents: 100 }).bite(first.next, forever)
    expect(names(second.documents)).toHaveLength(21)
    expect(names(second.documents).at(-1)).toBe('zz.md')
    expect(first.next?.length).toBeLessThan(10)
  })

  test('one document is read by its uri, whatever the filters say of it', async () => {
    const { root, source } = await open(
      { 'docs/a.md': '---\ntitle: A\n---\nWords.', 'docs/b.txt': 'More words.', 'secret.md': 'Others.' },
      { path: 'docs', exclude: ['a.md'] },
    )
    const read = (path: string) => source.read(pathToFileURL(join(root, path)).href, forever)
    expect(await read('docs/a.md')).toMatchObject({ title: 'A', text: 'Words.' })
    expect(await read('docs/b.txt')).toMatchObject({ text: 'More words.' })
    expect(await read('docs/c.md')).toMatchObject({ code: 'file_gone', gone: true })
    expect(await read('secret.md')).toMatchObject({ code: 'outside_source' })
    expect(await read('docs/../secret.md')).toMatchObject({ code: 'outside_source' })
    for (const uri of ['https://example.org/docs/a.md', 'nonsense'])
      expect(await source.read(uri, forever)).toMatchObject({ uri, code: 'outside_source' })
  })

  test('a file that goes between listing and reading is named', async () => {
    const root = await folderWith(many)
    const listings = new ListingCaches().of('job/0')
    const opener = new FileOpener({ roots: [root] })
    const spec = { type: 'markdown', path: root } as const
    const source = folderSource({ opener, spec, read: readMarkdown, listings, parsers: parsersHere })
    await source.total(forever)
    await rm(join(root, '7.md'))
    const { documents } = await source.bite(null, forever)
    expect(documents.filter(isSourceReject)).toEqual([
      {
        uri: pathToFileURL(join(root, '7.md')).href,
        code: 'file_gone',
        message: expect.stringContaining('7.md'),
        gone: true,
      },
    ])
  })

  test('stops between documents when it is told to', async () => {
    const root = await folderWith(many)
    await expect(small(root, {}).bite(null, AbortSignal.abort(new Error('held')))).rejects.toThrow('held')
  })
})

describe('a source as a whole', () => {
  test('that is gone, or outside of the roots, fails the phase and rejects nothing', async () => {
    const gone = await open({}, { path: 'gone' })
    await expect(gone.source.bite(null, forever)).rejects.toMatchObject({ name: 'Fatal', code: 'source_gone' })
    await expect(gone.source.total(forever)).rejects.toMatchObject({ name: 'Fatal', code: 'source_gone' })
    const outside = await open({}, { path: '/etc' })
    await expect(outside.source.bite(null, forever)).rejects.toMatchObject({ name: 'Fatal', code: 'outside_roots' })
  })

  test('keeps its identity however its path is written', async () => {
    const { root, id } = await open({ 'docs/a.md': 'a' }, { path: './docs/' })
    const again = sourceOpener(kindsOver(new FileOpener({ roots: [root] })))(
      laneJob({ sources: [JSON.stringify({ type: 'markdown', path: join(root, 'docs'), exclude: ['x/**'] })] }),
      0,
    )
    expect([id, again.id]).toEqual([`markdown:${join(root, 'docs')}`, id])
  })

  test.each(['{', '{"type":"shelf","path":"x"}', '{"type":"markdown"}'])('of the spec %s fails by name', text => {
    const openSource = sourceOpener(kindsOver(new FileOpener({ roots: ['/nowhere'] })))
    expect(() => openSource(laneJob({ sources: [text] }), 0)).toThrow(
      expect.objectContaining({ name: 'Fatal', code: 'invalid_source', message: expect.stringContaining('ource 0') }),
    )
  })
})
