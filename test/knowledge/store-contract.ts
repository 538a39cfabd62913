import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database.ts'
import { createCatalogue, forgetApplied, knowledgeBases } from '../../src/knowledge/catalogue.ts'
import type { KnowledgeStore, SearchQuery } from '../../src/knowledge/knowledge-base.ts'
import { createKnowledgeStore } from '../../src/knowledge/pgvector.ts'
import { migrateUp } from '../../src/migrate.ts'
import type { Claim, EffectReject } from '../../src/runtime/effects.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { TestDatabase } from '../kit/databases.ts'
import { until } from '../kit/until.ts'
import { dimensions, idOf, jobOf, recordsOf, versionOf, type Written } from './records.ts'

type Records = ReturnType<typeof recordsOf>

/** What every store of knowledge bases does, whatever database is beneath it. */
export const describeStore = (name: string, open: () => Promise<TestDatabase>) =>
  describe(`the knowledge store on ${name}`, () => {
    let opened: TestDatabase
    let database: Database
    let store: KnowledgeStore
    let bases = 0

    beforeAll(async () => {
      opened = await open()
      database = opened.database
      store = createKnowledgeStore({ ...database, indexFrom: 50 })
      await migrateUp(database)
    })
    afterAll(() => opened?.close())

    /** A new knowledge base and its first run. */
    const newBase = async (): Promise<LaneJob> => {
      const job = jobOf(`kb-${bases++}`)
      await database.orm.em
        .fork()
        .transactional(tx =>
          knowledgeBases.create(tx, { kb_id: job.kb_id, embedding: job.embedding, chunking: job.chunking }),
        )
      return job
    }
    const claimOf = (job: LaneJob, lane = 0) => store.claim(job.job_id, 'indexing', lane)

    /** Applies records as a slice that starts at `first`; what is below `from` is left out, as the runtime does. */
    const apply = (claim: Claim, job: LaneJob, first: number, records: Records) =>
      store.apply(claim, first, first + records.length, async (writer, from) => {
        const rejects = await writer.write(job, records.slice(from - first))
        return [...rejects].map(([i, { code, message }]): EffectReject => ({ offset: from + i, code, message }))
      })
    /** Writes documents in one slice of a lane of their own. */
    let lanes = 100
    const write = async (job: LaneJob, ...documents: readonly Written[]) =>
      apply(
        await claimOf(job, lanes++),
        job,
        0,
        documents.flatMap(document => recordsOf(job, document)),
      )

    const query = (job: LaneJob, changes: Partial<SearchQuery>): SearchQuery => ({
      kb: job.kb_id,
      mode: 'text',
      text: '',
      vector: new Float32Array([1, 0, 0, 0]),
      topK: 10,
      filters: {},
      ...changes,
    })
    const found = async (job: LaneJob, text: string) => (await store.search(query(job, { text }))).map(hit => hit.text)
    const rowsOf = async (job: LaneJob): Promise<number> => {
      const [kb] = (await database.pool.query('select number from knowledge_base where id = $1', [job.kb_id])).rows
      return Number((await database.pool.query(`select count(*) from chunks_${kb.number}`)).rows[0].count)
    }
    const documentOf = async (job: LaneJob, uri: string) => {
      const page = await createCatalogue(database.orm.em).documents(job.kb_id, { limit: 100, after: null })
      return page?.documents.find(document => document.uri === uri) ?? null
    }

    describe('effects', () => {
      test('a slice that is delivered again is not applied again', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const records = recordsOf(job, { uri: 'a', texts: ['one apple', 'two apples'] })
        await apply(claim, job, 0, records)
        let calls = 0
        await store.apply(claim, 0, records.length, async () => {
          calls++
          return []
        })
        expect(calls).toBe(0)
        expect(await rowsOf(job)).toBe(2)
      })

      test('of a slice that was applied in part only the rest is passed on', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const records = recordsOf(job, { uri: 'a', texts: ['one', 'two', 'three', 'four'] })
        await apply(claim, job, 7, records.slice(0, 2))
        const asked: number[] = []
        await store.apply(claim, 7, 12, async (writer, from) => {
          asked.push(from)
          await writer.write(job, records.slice(from - 7))
          return []
        })
        expect(asked).toEqual([9])
        expect(await rowsOf(job)).toBe(4)
        expect(await documentOf(job, 'a')).toMatchObject({ chunks: 4 })
      })

      test('rejects come back with every delivery of their range, and only of their range', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const bad = recordsOf(job, { uri: 'bad', texts: ['x'], vectors: [[1, 2]] })
        const good = recordsOf(job, { uri: 'good', texts: ['y'] })
        const first = await apply(claim, job, 0, bad)
        expect(first.map(({ offset, code }) => [offset, code])).toEqual([
          [0, 'wrong_dimensions'],
          [1, 'incomplete_document'],
        ])
        expect(await apply(claim, job, 0, bad)).toEqual(first)
        const taken = await claimOf(job)
        expect(await apply(taken, job, 0, [...bad, ...good])).toEqual(first)
        expect(await apply(taken, job, 1, [bad[1]!, ...good])).toEqual([first[1]])
        expect(await apply(taken, job, 4, recordsOf(job, { uri: 'next', texts: ['z'] }))).toEqual([])
      })

      test('a claim is refused once another has been made, also for what was applied before', async () => {
        const job = await newBase()
        const old = await claimOf(job)
        const records = recordsOf(job, { uri: 'a', texts: ['one'] })
        await apply(old, job, 0, records)
        const newer = await claimOf(job)
        expect(newer.fence).toBeGreaterThan(old.fence)
        for (const first of [0, 2])
          await expect(apply(old, job, first, records)).rejects.toMatchObject({ code: 'fenced' })
        await apply(newer, job, 2, recordsOf(job, { uri: 'b', texts: ['two'] }))
        expect(await rowsOf(job)).toBe(2)
      })

      test('a takeover during a slice waits for it; the next slice of the old worker is refused', async () => {
        const job = await newBase()
        const old = await claimOf(job)
        let takeover: Promise<Claim> | null = null
        await store.apply(old, 0, 2, async writer => {
          takeover = claimOf(job)
          await writer.write(job, recordsOf(job, { uri: 'a', texts: ['one'] }))
          return []
        })
        const newer = await takeover!
        await expect(apply(old, job, 2, recordsOf(job, { uri: 'b', texts: ['two'] }))).rejects.toMatchObject({
          code: 'fenced',
        })
        // The new worker sees what the old one had applied.
        let calls = 0
        await store.apply(newer, 0, 2, async () => {
          calls++
          return []
        })
        expect(calls).toBe(0)
        expect(await rowsOf(job)).toBe(1)
      })

      test('a slice that fails leaves nothing, neither rows nor its offset', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const records = recordsOf(job, { uri: 'a', texts: ['one'] })
        const failure = store.apply(claim, 0, 2, async writer => {
          await writer.write(job, records)
          throw new Error('killed between the write and its offset')
        })
        await expect(failure).rejects.toThrow('killed between')
        expect(await rowsOf(job)).toBe(0)
        await apply(claim, job, 0, records)
        expect(await rowsOf(job)).toBe(1)
      })

      test('the applied rows of a job that is over go with it, and its workers are refused', async () => {
        const [job, other] = [await newBase(), await newBase()]
        const [claim, kept] = [await claimOf(job), await claimOf(other)]
        await database.orm.em.fork().transactional(tx => forgetApplied(tx, [job.job_id]))
        const records = recordsOf(job, { uri: 'a', texts: ['one'] })
        await expect(apply(claim, job, 0, records)).rejects.toMatchObject({ code: 'fenced' })
        await apply(kept, other, 0, recordsOf(other, { uri: 'a', texts: ['one'] }))
        expect([await rowsOf(job), await rowsOf(other)]).toEqual([0, 1])
      })

      test('lanes and jobs have rows of their own', async () => {
        const job = await newBase()
        const records = recordsOf(job, { uri: 'a', texts: ['one'] })
        await apply(await claimOf(job, 0), job, 0, records)
        await apply(await claimOf(job, 1), job, 0, recordsOf(job, { uri: 'b', texts: ['two'] }))
        expect(await rowsOf(job)).toBe(2)
      })
    })

    describe('versions', () => {
      test('a document is visible when its end is stored with all its chunks, not before', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const records = recordsOf(job, { uri: 'a', texts: ['quick fox', 'lazy dog'] })
        await apply(claim, job, 0, records.slice(0, 2))
        expect(await found(job, 'fox')).toEqual([])
        await apply(claim, job, 2, records.slice(2))
        expect(await found(job, 'fox')).toEqual(['quick fox'])
      })

      test('a version that lacks chunks is dropped with a reject, and the one before it answers on', async () => {
        const first = await newBase()
        await write(first, { uri: 'a', texts: ['old fox'] })
        const second = jobOf(first.kb_id, 2)
        const rejects = await write(second, { uri: 'a', texts: ['new fox'], claims: 2 })
        expect(rejects).toEqual([
          { offset: 1, code: 'incomplete_document', message: expect.stringContaining('1 of its 2') },
        ])
        expect(await found(first, 'fox')).toEqual(['old fox'])
        expect(await rowsOf(first)).toBe(1)
      })

      test('a late old job cannot bring its version back', async () => {
        const first = await newBase()
        const second = jobOf(first.kb_id, 2)
        const claim = await claimOf(first)
        const old = recordsOf(first, { uri: 'a', texts: ['old fox', 'older fox'] })
        await apply(claim, first, 0, old.slice(0, 1))
        await write(second, { uri: 'a', texts: ['new fox'] })
        expect(await apply(claim, first, 1, old.slice(1))).toEqual([])
        expect(await found(first, 'fox')).toEqual(['new fox'])
        expect(await rowsOf(first)).toBe(1)
      })

      test('an older version that is complete in the same moment as a newer one does not win', async ({ skip }) => {
        skip(database.embedded, 'the embedded database has one transaction at a time')
        const first = await newBase()
        await write(first, { uri: 'a', texts: ['first fox'] })
        const second = jobOf(first.kb_id, 2)
        const [end] = recordsOf(first, { uri: 'a', texts: [] })
        const newer = await database.pool.connect()
        await newer.query('begin')
        await newer.query('update document set active_version = $2 where document_id = $1', [
          end!.document_id,
          versionOf(jobOf(first.kb_id, 3)),
        ])
        const late = write(second, { uri: 'a', texts: ['second fox'] })
        await until('the older version waits for the newer one', async () => {
          const { rows } = await database.pool.query('select 1 from pg_locks where not granted')
          return rows.length > 0
        })
        await newer.query('commit')
        newer.release()
        await late
        const { rows } = await database.pool.query('select active_version from document where document_id = $1', [
          end!.document_id,
        ])
        expect(Number(rows[0].active_version)).toBe(versionOf(jobOf(first.kb_id, 3)))
        expect(await rowsOf(first)).toBe(1)
      })

      test('two versions of a document in one slice leave the larger, in whatever order', async () => {
        const job = await newBase()
        const older = { uri: 'a', texts: ['older fox'], version: versionOf(job, 1) }
        const newer = { uri: 'a', texts: ['newer fox'], version: versionOf(job, 2) }
        await write(job, older, newer)
        await write(job, { ...newer, uri: 'b' }, { ...older, uri: 'b' })
        expect(await found(job, 'fox')).toEqual(['newer fox', 'newer fox'])
        expect(await rowsOf(job)).toBe(2)
      })

      test('a document in parts is visible with its last part, in whatever slices they come', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const part = (n: number) => recordsOf(job, { uri: 'a', texts: [`fox ${n}`, `dog ${n}`], part: [n, 3] })
        await apply(claim, job, 0, [...part(0), ...part(1).slice(0, 1)])
        await apply(claim, job, 4, part(1).slice(1))
        expect(await found(job, 'fox')).toEqual([])
        await apply(claim, job, 6, part(2))
        expect((await found(job, 'fox')).sort()).toEqual(['fox 0', 'fox 1', 'fox 2'])
        expect(await documentOf(job, 'a')).toMatchObject({ chunks: 6 })
      })

      test('a document in parts that lacks a chunk is dropped at its last part', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        await apply(claim, job, 0, recordsOf(job, { uri: 'a', texts: ['fox'], part: [0, 2], claims: 2 }))
        const rejects = await apply(claim, job, 2, recordsOf(job, { uri: 'a', texts: ['dog'], part: [1, 2] }))
        expect(rejects.map(({ offset, code }) => [offset, code])).toEqual([[3, 'incomplete_document']])
        expect(await rowsOf(job)).toBe(0)
      })

      test('an emptied document has no chunks; a deleted one is gone, and no late old version brings it back', async () => {
        const first = await newBase()
        await write(first, { uri: 'emptied', texts: ['fox'] }, { uri: 'deleted', texts: ['fox'] })
        const second = jobOf(first.kb_id, 2)
        await write(second, { uri: 'emptied', texts: [] }, { uri: 'deleted', texts: [], deleted: true })
        expect(await found(first, 'fox')).toEqual([])
        expect(await documentOf(first, 'emptied')).toMatchObject({ chunks: 0 })
        expect(await documentOf(first, 'deleted')).toBeNull()
        await write(first, { uri: 'deleted', texts: ['fox'] })
        expect(await found(first, 'fox')).toEqual([])
        const [kb] = await createCatalogue(database.orm.em)
          .list()
          .then(list => list.filter(one => one.kb_id === first.kb_id))
        expect(kb).toMatchObject({ documents: 1, chunks: 0 })
      })

      test('a reader sees one version of a document, whole, while versions follow one another', async () => {
        const job = await newBase()
        // Versions of different lengths, so that two of them mixed would be longer than either.
        const textsOf = (n: number) => {
          const size = n % 2 === 0 ? 3 : 9
          return Array.from({ length: size }, (_, i) => `fox of version v${n} chunk ${i} of ${size}`)
        }
        await write(job, { uri: 'a', texts: textsOf(0), version: versionOf(job, 0) })
        let writing = true
        const answers: (readonly string[])[] = []
        const read = async () => {
          while (writing)
            answers.push(
              (await store.search(query(job, { mode: 'hybrid', text: 'fox', topK: 20 }))).map(hit => hit.text),
            )
        }
        const readers = [read(), read(), read()]
        const claim = await claimOf(job)
        let next = 0
        try {
          for (let n = 1; n <= 60; n++) {
            const records = recordsOf(job, { uri: 'a', texts: textsOf(n), version: versionOf(job, n) })
            for (const half of [records.slice(0, 2), records.slice(2)]) {
              await apply(claim, job, next, half)
              next += half.length
            }
          }
        } finally {
          writing = false
          await Promise.all(readers)
        }
        const seen = new Set<string>()
        for (const answer of answers) {
          const versions = new Set(answer.map(text => text.split(' ')[3]!))
          expect([versions.size, answer.length]).toEqual([1, Number(answer[0]!.split(' ')[7])])
          for (const version of versions) seen.add(version)
        }
        expect(seen.size).toBeGreaterThan(1)
      })
    })

    describe('vectors', () => {
      const refused: readonly [string, readonly number[], string][] = [
        ['too few numbers', [1, 2, 3], 'wrong_dimensions'],
        ['too many numbers', [1, 2, 3, 4, 5], 'wrong_dimensions'],
        ['NaN', [1, Number.NaN, 0, 0], 'not_finite'],
        ['Infinity', [1, 0, Number.POSITIVE_INFINITY, 0], 'not_finite'],
        ['a number past half precision', [1, 0, 70_000, 0], 'not_finite'],
        ['only zeros', [0, 0, 0, 0], 'zero_vector'],
      ]
      test.each(refused)('%s is never stored', async (_, vector, code) => {
        const job = await newBase()
        const rejects = await write(job, { uri: 'a', texts: ['fox', 'dog'], vectors: [[1, 0, 0, 0], vector] })
        expect(rejects.map(reject => [reject.offset, reject.code])).toEqual([
          [1, code],
          [2, 'incomplete_document'],
        ])
        expect(await rowsOf(job)).toBe(0)
        expect(await documentOf(job, 'a')).toBeNull()
      })

      test('a stub keeps its place: the document is complete, and found by the text of the stub', async () => {
        const job = await newBase()
        expect(await write(job, { uri: 'a', texts: ['fox', 'dog'], vectors: [[1, 0, 0, 0], []] })).toEqual([])
        expect(await found(job, 'dog')).toEqual(['dog'])
        const near = await store.search(query(job, { mode: 'vector' }))
        expect(near.map(hit => hit.text)).toEqual(['fox'])
      })

      test('what PostgreSQL cannot hold in a text is replaced, not refused', async () => {
        const job = await newBase()
        expect(
          await write(job, { uri: 'a\0', texts: ['fox \0 and \ud800 end'], headings: ['with\nline', ''] }),
        ).toEqual([])
        const [hit] = await store.search(query(job, { text: 'fox' }))
        expect(hit).toMatchObject({ text: 'fox \ufffd and \ufffd end', uri: 'a\ufffd', headingPath: ['with line', ''] })
      })

      test('a row that is there already is replaced', async () => {
        const job = await newBase()
        const claim = await claimOf(job)
        const records = recordsOf(job, { uri: 'a', texts: ['fox', 'dog'] })
        await apply(claim, job, 0, [records[0]!, records[0]!])
        await apply(claim, job, 2, records)
        expect(await rowsOf(job)).toBe(2)
        expect(await found(job, 'fox')).toEqual(['fox'])
      })

      test('a knowledge base that is not there fails the phase', async () => {
        const job = jobOf('nowhere')
        await expect(write(job, { uri: 'a', texts: ['fox'] })).rejects.toMatchObject({
          name: 'Fatal',
          code: 'unknown_knowledge_base',
        })
      })
    })

    describe('listed', () => {
      const listing = (job: LaneJob, uri: string, content: string) => ({
        documentId: idOf(`${job.kb_id}/files/${uri}`),
        source: 'files',
        uri,
        contentHash: idOf(content),
      })

      test('names what is stored with the same content and settings, and nothing else', async () => {
        const job = await newBase()
        await write(
          job,
          { uri: 'same', texts: ['a'], content: 'a' },
          { uri: 'changed', texts: ['b'], content: 'b' },
          { uri: 'stub', texts: ['c'], content: 'c', vectors: [[]] },
          { uri: 'gone', texts: [], content: 'd', deleted: true },
        )
        const next = jobOf(job.kb_id, 2)
        const found = [
          listing(job, 'same', 'a'),
          listing(job, 'changed', 'b2'),
          listing(job, 'stub', 'c'),
          listing(job, 'gone', 'd'),
          listing(job, 'new', 'e'),
        ]
        expect(await store.listed(next, found)).toEqual(new Set([found[0]!.documentId]))
        expect(await store.listed(next, [])).toEqual(new Set())
        expect(await store.listed(jobOf(job.kb_id, 3, 200), found)).toEqual(new Set())
        const seen = await database.pool.query(
          'select run, count(*)::int from seen where kb_id = $1 group by run order by run',
          [job.kb_id],
        )
        expect(seen.rows.map(({ run, count }) => [Number(run), count])).toEqual([
          [2, 5],
          [3, 5],
        ])
      })
    })

    describe('search', () => {
      let job: LaneJob
      beforeAll(async () => {
        job = await newBase()
        await write(
          job,
          {
            uri: 'docs/install',
            texts: ['Installing the server takes a minute.', 'Upgrading keeps your data.'],
            vectors: [
              [1, 0, 0, 0],
              [0, 1, 0, 0],
            ],
            headings: ['Manual', 'Setup'],
          },
          { uri: 'docs/backup', texts: ['Back up the data every night.'], vectors: [[0.9, 0.1, 0, 0]], headings: [] },
          { uri: 'notes/data', texts: ['The data of the server.'], vectors: [[0, 0, 1, 0]], source: 'notes' },
        )
      })
      const uris = async (changes: Partial<SearchQuery>) =>
        (await store.search(query(job, changes))).map(hit => hit.uri)

      test('by vector, the nearest come first, with all that a hit tells', async () => {
        const hits = await store.search(query(job, { mode: 'vector', topK: 2 }))
        expect(hits.map(hit => hit.uri)).toEqual(['docs/install', 'docs/backup'])
        expect(hits[0]).toEqual({
          score: expect.closeTo(1, 3),
          text: 'Installing the server takes a minute.',
          uri: 'docs/install',
          title: 'Title of docs/install',
          headingPath: ['Manual', 'Setup'],
          position: 0,
          offset: 0,
          documentId: idOf(`${job.kb_id}/files/docs/install`),
          chunkId: expect.stringMatching(/^[0-9a-f]{32}$/),
          version: versionOf(job),
        })
      })

      test('by text, words are found in their other forms and in headings; all words before any word', async () => {
        expect(await uris({ text: 'install servers' })).toEqual(['docs/install'])
        expect(await uris({ text: 'setup' })).toEqual(['docs/install', 'docs/install'])
        expect(new Set(await uris({ text: 'nightly unicorn data' }))).toEqual(
          new Set(['docs/install', 'docs/backup', 'notes/data']),
        )
        expect(await uris({ text: 'unicorn' })).toEqual([])
        expect(await uris({ text: '' })).toEqual([])
        expect(await uris({ text: `it's "data server" -night & | ! ( :* <->` })).toEqual(expect.any(Array))
      })

      test('hybrid puts first what both lists have high', async () => {
        const hits = await store.search(
          query(job, { mode: 'hybrid', text: 'data', vector: new Float32Array([0.9, 0.1, 0, 0]) }),
        )
        expect(hits[0]!.uri).toBe('docs/backup')
        expect(hits).toHaveLength(4)
        expect(hits.map(hit => hit.score)).toEqual(hits.map(hit => hit.score).toSorted((a, b) => b - a))
      })

      test('filters leave only what they name', async () => {
        for (const mode of ['vector', 'text', 'hybrid'] as const) {
          const text = 'data'
          expect(await uris({ mode, text, filters: { source: 'notes' } })).toEqual(['notes/data'])
          expect(new Set(await uris({ mode, text, filters: { uriPrefix: 'docs/' } }))).toEqual(
            new Set(['docs/install', 'docs/backup']),
          )
          const documentId = idOf(`${job.kb_id}/files/docs/backup`)
          expect(await uris({ mode, text, filters: { documentId } })).toEqual(['docs/backup'])
          expect(await uris({ mode, text, filters: { uriPrefix: '%' } })).toEqual([])
        }
      })

      test('equal scores keep one order', async () => {
        const equal = await newBase()
        const documents = Array.from({ length: 12 }, (_, i) => ({ uri: `d${i}`, texts: ['same fox'], headings: [] }))
        await write(equal, ...documents.toReversed())
        for (const mode of ['vector', 'text', 'hybrid'] as const) {
          const hits = await store.search(query(equal, { mode, text: 'fox', topK: 12 }))
          expect(hits.map(hit => hit.documentId)).toEqual(hits.map(hit => hit.documentId).toSorted())
        }
      })

      test('a query vector of another length is refused with a sentence', async () => {
        const search = store.search(query(job, { mode: 'vector', vector: new Float32Array(3) }))
        await expect(search).rejects.toThrow(`3 dimensions; the knowledge base ${job.kb_id} has ${dimensions}`)
      })
    })

    describe('finishing', () => {
      const signal = new AbortController().signal

      test('drops the versions of its run that were not completed, and no others', async () => {
        const first = await newBase()
        await write(first, { uri: 'a', texts: ['fox'] })
        const second = jobOf(first.kb_id, 2)
        const claim = await claimOf(second)
        await apply(claim, second, 0, recordsOf(second, { uri: 'a', texts: ['new fox'] }).slice(0, 1))
        await apply(claim, second, 1, recordsOf(second, { uri: 'b', texts: ['bear'], part: [0, 2] }))
        const third = jobOf(first.kb_id, 3)
        await apply(await claimOf(third), third, 0, recordsOf(third, { uri: 'c', texts: ['cat'] }).slice(0, 1))

        expect(await store.finish(second, 'drop_unflipped', signal)).toBe('Dropped 2 versions that were not complete.')
        expect(await rowsOf(first)).toBe(2)
        expect(await found(first, 'fox')).toEqual(['fox'])
        expect(await store.finish(second, 'drop_unflipped', signal)).toBe('Every version is complete.')
      })

      test('removes old versions, in batches, and keeps those that are active or still to come', async () => {
        const first = await newBase()
        const documents = Array.from({ length: 250 }, (_, i) => ({ uri: `d${i}`, texts: ['old fox'] }))
        await write(first, ...documents)
        const second = jobOf(first.kb_id, 2)
        await write(second, ...documents.map(({ uri }) => ({ uri, texts: ['new fox'] })))
        await store.listed(first, [{ documentId: 'x', source: 'files', uri: 'x', contentHash: 'x' }])
        const third = jobOf(first.kb_id, 3)
        await apply(await claimOf(third), third, 0, recordsOf(third, { uri: 'd0', texts: ['next fox'] }).slice(0, 1))
        expect(await rowsOf(first)).toBe(501)

        expect(await store.finish(second, 'prune_versions', signal)).toBe('Removed 250 old versions.')
        expect(await rowsOf(first)).toBe(251)
        expect(await store.finish(second, 'prune_versions', signal)).toBe('There was no old version.')
        expect((await database.pool.query('select 1 from seen where kb_id = $1', [first.kb_id])).rows).toEqual([])
      })

      test('stops between its steps when told to', async () => {
        const job = await newBase()
        const stopped = AbortSignal.abort(new Error('held'))
        for (const step of ['drop_unflipped', 'prune_versions', 'build_index'] as const)
          await expect(store.finish(job, step, stopped)).rejects.toThrow('held')
      })

      test('an abort cancels an index build that is under way, and nothing of it stays', async ({ skip }) => {
        skip(database.embedded, 'the embedded database runs one statement at a time')
        const job = await newBase()
        await write(job, { uri: 'a', texts: ['fox'] })
        const { rows } = await database.pool.query('select number from knowledge_base where id = $1', [job.kb_id])
        const table = `chunks_${rows[0].number}`
        const writer = await database.pool.connect()
        await writer.query('begin')
        await writer.query(`lock ${table} in row exclusive mode`)
        const held = new AbortController()
        const building = store.finish(job, 'build_index', held.signal)
        await until('the build waits for the writer', async () => {
          const { rows } = await database.pool.query('select 1 from pg_locks where not granted')
          return rows.length > 0
        })
        held.abort(new Error('held'))
        await expect(building).rejects.toThrow('held')
        await writer.query('rollback')
        writer.release()
        const indexes = await database.pool.query('select indexname from pg_indexes where tablename = $1', [table])
        expect(indexes.rows.map(({ indexname }) => indexname).sort()).toEqual([`${table}_chunk`, `${table}_pkey`])
      })

      test('builds its indexes once, and search finds the same with them', async () => {
        const job = await newBase()
        const documents = Array.from({ length: 80 }, (_, i) => ({
          uri: `d${i}`,
          texts: [`fox number ${i}`],
          vectors: [[Math.cos(i / 60), Math.sin(i / 60), 0, 0]],
        }))
        await write(job, ...documents)
        const ask = () =>
          Promise.all(
            (['vector', 'text', 'hybrid'] as const).map(mode =>
              store.search(query(job, { mode, text: 'fox 17', topK: 5 })),
            ),
          )
        const before = await ask()
        const said = await store.finish(job, 'build_index', signal)
        expect(said).toBe(`Indexed 80 chunks by text${database.embedded ? '' : ' and by vector'}.`)
        expect(await store.finish(job, 'build_index', signal)).toBe(said)
        expect(await ask()).toEqual(before)
        // What comes later is found too; filters that thin out the index's answer do not shorten it.
        await write(job, { uri: 'late', texts: ['late fox'], vectors: [[1, 0.001, 0, 0]] })
        const late = await store.search(query(job, { mode: 'vector', filters: { uriPrefix: 'late' } }))
        expect(late.map(hit => hit.uri)).toEqual(['late'])
      })
    })

    describe('the catalogue', () => {
      test('shows settings, counts and pages of documents by uri', async () => {
        const job = await newBase()
        const catalogue = createCatalogue(database.orm.em)
        await write(job, ...['c', 'a', 'b', 'ä', `${'long'.repeat(1000)}`].map(uri => ({ uri, texts: ['x', 'y'] })))
        expect(await catalogue.get(job.kb_id)).toEqual({
          kb_id: job.kb_id,
          embedding: job.embedding,
          chunking: job.chunking,
          documents: 5,
          chunks: 10,
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        })
        const uris: string[] = []
        let after: string | null = null
        do {
          const page: Awaited<ReturnType<typeof catalogue.documents>> = await catalogue.documents(job.kb_id, {
            limit: 2,
            after,
          })
          uris.push(...page!.documents.map(document => document.uri.slice(0, 4)))
          after = page!.next
        } while (after !== null)
        expect(uris).toEqual(['a', 'b', 'c', 'long', 'ä'])
        expect(await documentOf(job, 'a')).toEqual({
          document_id: idOf(`${job.kb_id}/files/a`),
          source: 'files',
          uri: 'a',
          title: 'Title of a',
          media_type: 'text/markdown',
          version: versionOf(job),
          chunks: 2,
          updated_at: expect.stringMatching(/Z$/),
        })
        expect(await catalogue.get('nowhere')).toBeNull()
        expect(await catalogue.documents('nowhere', { limit: 2, after: null })).toBeNull()
        await expect(catalogue.documents(job.kb_id, { limit: 2, after: 'x' })).rejects.toMatchObject({
          code: 'bad_cursor',
        })
      })

      test('gives admission the settings of a knowledge base, and changes its chunking', async () => {
        const job = await newBase()
        const em = database.orm.em.fork()
        expect(await knowledgeBases.get(em, job.kb_id)).toEqual({ embedding: job.embedding, chunking: job.chunking })
        expect(await knowledgeBases.get(em, 'nowhere')).toBeNull()
        const chunking = { ...job.chunking, chunk_size: 100 }
        await knowledgeBases.setChunking(em, job.kb_id, chunking)
        expect(await knowledgeBases.get(em.fork(), job.kb_id)).toMatchObject({ chunking })
      })
    })
  })
