import { describe, expect, test } from 'vitest'
import type { FoundDocument, SourceListing } from '../../src/knowledge/knowledge-base.ts'
import { documentId, sourceIdOf, versionOf } from '../../src/schemas/identity.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { LoadRequest } from '../../src/schemas/load-request.ts'
import { documents, loadRequests } from '../../src/schemas/topics.ts'
import type { Bite, OpenSource, SourceDocument, SourceReject } from '../../src/sources/source.ts'
import { loading } from '../../src/stages/loading.ts'
import { tryStage } from '../kit/run-stage.ts'

const request = (overrides: Partial<LoadRequest> = {}): LoadRequest => ({
  type: 'load_request',
  job_id: 'job-1',
  seq: 0,
  source_index: 0,
  cursor: null,
  documents_before: 0,
  ...overrides,
})
const doc = (uri: string, text = `# ${uri}`, rest: Partial<SourceDocument> = {}): SourceDocument => ({
  uri,
  title: '',
  mediaType: 'text/markdown',
  text,
  metadata: {},
  ...rest,
})
const bad = (uri: string): SourceReject => ({ uri, code: 'invalid_utf8', message: `${uri} is not valid` })

/** Sources made of bites; the cursor is the number of the next one. */
const sourcesOf =
  (...sources: readonly (readonly (SourceDocument | SourceReject)[])[][]): OpenSource =>
  (_job, index) => ({
    id: sourceIdOf({ type: 'test', path: `/${index}` }),
    source: {
      bite: async (cursor): Promise<Bite> => {
        const bites = sources[index]!
        const at = Number(cursor ?? 0)
        return { documents: bites[at] ?? [], next: at + 1 < bites.length ? String(at + 1) : null }
      },
      total: async () => sources[index]!.flat().length,
    },
  })
const nothingKnown = { listed: async () => new Set<string>() }
const jobOf = (sources: number, rest: Partial<LaneJob> = {}) => ({
  sources: Array<string>(sources).fill('{}'),
  ...rest,
})

/** Follows the load requests to the end mark, as the runtime would. */
const wholeRun = async (openSource: OpenSource, job: Partial<LaneJob>, store = nothingKnown) => {
  const stage = loading({ openSource, store })
  const bites = []
  for (let next = request(); ; ) {
    const tried = await tryStage(stage, [next], { job })
    bites.push(tried)
    const [following, ...more] = tried.of(loadRequests)
    expect(more).toEqual([])
    if (following?.type !== 'load_request') return { bites, last: following }
    next = following
  }
}

test('a bite gives its documents and the request for the next one, the last bite of the last source an end mark', async () => {
  const sources = sourcesOf([[doc('a'), doc('b')], [doc('c')]], [[doc('d')]])
  const { bites, last } = await wholeRun(sources, jobOf(2))
  expect(bites.map(bite => bite.of(documents).map(one => one.type === 'document' && one.uri))).toEqual([
    ['a', 'b'],
    ['c'],
    ['d'],
  ])
  expect(bites.flatMap(bite => bite.of(loadRequests)).slice(0, 2)).toEqual([
    request({ seq: 1, cursor: '1', documents_before: 2 }),
    request({ seq: 2, source_index: 1, documents_before: 3 }),
  ])
  expect(last).toEqual({ type: 'end_mark', job_id: 'job-1' })
})

test('load requests and the end mark stay in the first lane of the job; documents go where their id leads', async () => {
  const many = Array.from({ length: 60 }, (_, i) => doc(`uri-${i}`))
  const { emissions } = await tryStage(loading({ openSource: sourcesOf([many]), store: nothingKnown }), [request()], {
    job: jobOf(1, { lanes: [3, 5, 9] }),
  })
  const lanes = emissions.filter(one => one.topic === documents).map(one => one.lane)
  expect(new Set(lanes)).toEqual(new Set([3, 5, 9]))
  expect(emissions.at(-1)).toMatchObject({ topic: loadRequests, lane: 3, key: 'job-1' })
  const again = await tryStage(loading({ openSource: sourcesOf([many]), store: nothingKnown }), [request()], {
    job: jobOf(1, { lanes: [3, 5, 9], run: 7 }),
  })
  expect(again.emissions.filter(one => one.topic === documents).map(one => one.lane)).toEqual(lanes)
})

test('versions grow through the bites of a run and with the run', async () => {
  const { bites } = await wholeRun(sourcesOf([[doc('a'), bad('x'), doc('b')], [doc('c')]]), jobOf(1, { run: 4 }))
  const versions = bites.flatMap(bite => bite.of(documents)).map(one => one.type === 'document' && one.version)
  expect(versions).toEqual([versionOf(4, 0), versionOf(4, 1), versionOf(4, 2)])
  expect(versionOf(5, 0)).toBeGreaterThan(versionOf(4, 2 ** 32 - 1))
})

test('a file that cannot be read is rejected by name, and the rest of the bite goes on', async () => {
  const tried = await tryStage(
    loading({ openSource: sourcesOf([[doc('a'), bad('file:///x.md'), doc('b')]]), store: nothingKnown }),
    [request()],
    { job: jobOf(1) },
  )
  expect(tried.rejects).toMatchObject([{ uri: 'file:///x.md', reject: { code: 'invalid_utf8' } }])
  expect(tried.of(documents)).toHaveLength(2)
  expect(tried.counted).toBe(3)
})

test('what the store knows unchanged goes no further but counts, and every document is told to the store', async () => {
  const told: unknown[] = []
  const store = {
    listed: async (job: LaneJob, found: readonly { uri: string; documentId: string; contentHash: string }[]) => {
      told.push(...found.map(one => [one.uri, one.contentHash !== '']))
      return new Set([documentId(job.kb_id, 'test:/0', 'a')])
    },
  }
  const tried = await tryStage(
    loading({ openSource: sourcesOf([[doc('a'), doc('b'), bad('x')]]), store }),
    [request()],
    {
      job: jobOf(1),
    },
  )
  expect(tried.of(documents).map(one => one.type === 'document' && one.uri)).toEqual(['b'])
  expect(tried.counted).toBe(3)
  expect(told).toEqual([
    ['a', true],
    ['b', true],
    ['x', false],
  ])
})

describe('a document that the source says is unchanged', () => {
  const source =
    (asked: (boolean | undefined)[]): OpenSource =>
    () => ({
      id: 'site',
      source: {
        total: async () => null,
        bite: async (_cursor, _signal, options) => {
          asked.push(options?.anew)
          const same = [{ uri: 'a', contentHash: 'hash' }]
          if (options?.anew) return { documents: [doc('a'), doc('b')], next: null }
          return { documents: [doc('b')], unchanged: same, next: null, message: '2 asked' }
        },
      },
    })
  const a = documentId('kb', 'site', 'a')

  test('counts and is told to the store, and goes no further', async () => {
    const asked: (boolean | undefined)[] = []
    const told: unknown[] = []
    const listed = async (_: LaneJob, found: readonly { documentId: string; contentHash: string }[]) => {
      told.push(...found.filter(({ documentId }) => documentId === a).map(({ contentHash }) => contentHash))
      return new Set([a])
    }
    const job = jobOf(1, { kb_id: 'kb' })
    const tried = await tryStage(loading({ openSource: source(asked), store: { listed } }), [request()], { job })
    expect(tried.of(documents).map(one => one.type === 'document' && one.uri)).toEqual(['b'])
    expect([tried.counted, tried.message, told, asked]).toEqual([2, '2 asked', ['hash'], [false]])
  })

  test('is read after all where the store has it in another form', async () => {
    const asked: (boolean | undefined)[] = []
    const job = jobOf(1, { kb_id: 'kb' })
    const tried = await tryStage(loading({ openSource: source(asked), store: nothingKnown }), [request()], { job })
    expect(tried.of(documents).map(one => one.type === 'document' && one.uri)).toEqual(['a', 'b'])
    expect([tried.counted, asked]).toEqual([2, [false, true]])
  })
})

test('what the source has no more is not told as seen, and the store is told how far the listing is', async () => {
  const told: unknown[] = []
  const store = {
    listed: async (_job: LaneJob, found: readonly { uri: string }[], listing: SourceListing) => {
      told.push([found.map(({ uri }) => uri), listing])
      return new Set<string>()
    },
  }
  const gone: SourceReject = { uri: 'g', code: 'file_gone', message: 'g is gone', gone: true }
  const bites: readonly Bite[] = [
    { documents: [doc('a'), gone, bad('x')], next: '1', unlisted: ['/b cannot be listed'] },
    { documents: [], next: null },
  ]
  const openSource: OpenSource = () => ({
    id: 'files',
    source: { bite: async cursor => bites[Number(cursor ?? 0)]!, total: async () => null },
  })
  const stage = loading({ openSource, store })
  const first = await tryStage(stage, [request()], { job: jobOf(1) })
  await tryStage(stage, [request({ seq: 1, cursor: '1' })], { job: jobOf(1) })
  const of = { index: 0, source: 'files' }
  expect(told).toEqual([
    [['a', 'x'], { ...of, first: true, ended: false, unlisted: ['/b cannot be listed'] }],
    [[], { ...of, first: false, ended: true, unlisted: [] }],
  ])
  expect(first.rejects).toHaveLength(2)
  expect(first.counted).toBe(3)
})

test('rows are what counts of a table, and documents of them are counted apart, the unchanged too', async () => {
  const rows = [1, 2, 3].map(row => ({ row, cells: [String(row)] }))
  const about = { table: 't', columns: '[]', keys: [0], file: 0, uri: 'a.csv' }
  const rejects = [{ ...bad('a.csv#row=4'), row: 4 }]
  const openSource: OpenSource = () => ({
    id: 'tables',
    source: {
      bite: async () => ({
        documents: [doc('a.csv#row=1'), doc('a.csv#row=2')],
        tabled: { ...about, rows, rejects, end: null },
        next: null,
      }),
      total: async () => null,
    },
  })
  const store = { listed: async (_: unknown, found: readonly FoundDocument[]) => new Set([found[0]!.documentId]) }
  const tried = await tryStage(loading({ openSource, store }), [request()], { job: jobOf(1) })
  expect([tried.counted, tried.rowDocuments, tried.of(documents).length, tried.rejects.length]).toEqual([3, 2, 1, 1])
})

test('the total of all sources is said once, at the first bite', async () => {
  const { bites } = await wholeRun(sourcesOf([[doc('a'), bad('x')], [doc('c')]], [[doc('d')]]), jobOf(2))
  expect(bites.map(bite => bite.total)).toEqual([4, null, null])
})

test('a source that does not know its total leaves it open', async () => {
  const openSource: OpenSource = () => ({
    id: 'x',
    source: { bite: async () => ({ documents: [], next: null }), total: async () => null },
  })
  expect(
    (await tryStage(loading({ openSource, store: nothingKnown }), [request()], { job: jobOf(1) })).total,
  ).toBeNull()
})

describe('a document', () => {
  const one = async (source: SourceDocument, job: Partial<LaneJob> = {}) =>
    (
      await tryStage(loading({ openSource: sourcesOf([[source]]), store: nothingKnown }), [request()], {
        job: jobOf(1, job),
      })
    )
      .of(documents)
      .filter(record => record.type === 'document')

  test('takes its title from itself, its first heading or the end of its uri', async () => {
    const titles = [
      doc('file:///a.md', '# Heading', { title: 'Own' }),
      doc('file:///a.md', 'text\n\nThe `lane`\n===\n'),
      doc('file:///d/my%20notes.md', 'text'),
      doc('file:///d/x.txt', '# not a heading', { mediaType: 'text/plain' }),
    ].map(async source => (await one(source))[0]?.title)
    expect(await Promise.all(titles)).toEqual(['Own', 'The lane', 'my notes.md', 'x.txt'])
  })

  test('over 256 KiB travels as parts that are the document again, with headings and offsets', async () => {
    const text = Array.from({ length: 40 }, (_, i) => `## Section ${i}\n\n${'water flows. '.repeat(1000)}\n\n`).join('')
    const parts = await one(doc('big', `# Top\n\n${text}`, { offset: 100 }))
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.map(part => part.text).join('')).toBe(`# Top\n\n${text}`)
    expect(parts.map(part => part.part)).toEqual(parts.map((_, i) => i))
    expect(new Set(parts.map(part => part.parts))).toEqual(new Set([parts.length]))
    expect(parts[1]).toMatchObject({
      offset: 100 + parts[0]!.text.length,
      heading_path: ['Top', expect.stringMatching(/^Section/)],
    })
    expect(new Set(parts.map(part => `${part.version} ${part.content_hash} ${part.document_id}`)).size).toBe(1)
  })

  test('has another content hash when its text, title or metadata change, and the same otherwise', async () => {
    const base = doc('a', 'text', { title: 'T', metadata: { a: '1', b: '2' } })
    const hash = async (source: SourceDocument, job = {}) => (await one(source, job))[0]?.content_hash
    const first = await hash(base)
    expect(await hash({ ...base, metadata: { b: '2', a: '1' } }, { run: 9 })).toBe(first)
    for (const other of [{ text: 'text!' }, { title: 'U' }, { metadata: { a: '1' } }])
      expect(await hash({ ...base, ...other })).not.toBe(first)
  })
})

test('the same uri in another source or kb is another document', () => {
  const ids = [
    documentId('kb', 's', 'u'),
    documentId('kb', 't', 'u'),
    documentId('kc', 's', 'u'),
    documentId('kbs', '', 'u'),
  ]
  expect(new Set(ids).size).toBe(4)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
})
