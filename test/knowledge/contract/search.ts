import { beforeAll, describe, expect, test } from 'vitest'
import type { SearchQuery } from '../../../src/knowledge/knowledge-base.ts'
import type { LaneJob } from '../../../src/schemas/lane-control.ts'
import { dimensions, idOf, versionOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeSearch = (bench: StoreBench) =>
  describe('search', () => {
    const { newBase, write, query } = bench

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
      (await bench.store.search(query(job, changes))).map(hit => hit.uri)

    test('by vector, the nearest come first, with all that a hit tells', async () => {
      const hits = await bench.store.search(query(job, { mode: 'vector', topK: 2 }))
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
        // The records of this bench carry no context.
        traceparent: null,
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
      const hits = await bench.store.search(
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
        const hits = await bench.store.search(query(equal, { mode, text: 'fox', topK: 12 }))
        expect(hits.map(hit => hit.documentId)).toEqual(hits.map(hit => hit.documentId).toSorted())
      }
    })

    test('a query vector of another length is refused with a sentence', async () => {
      const search = bench.store.search(query(job, { mode: 'vector', vector: new Float32Array(3) }))
      await expect(search).rejects.toThrow(`3 dimensions; the knowledge base ${job.kb_id} has ${dimensions}`)
    })
  })
