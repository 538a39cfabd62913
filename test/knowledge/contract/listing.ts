import { describe, expect, test } from 'vitest'
import { knownPages } from '../../../src/knowledge/page-validators.ts'
import { idOf, jobOf, listingOf, seenAs } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeListing = (bench: StoreBench) =>
  describe('listed', () => {
    const { newBase, write } = bench

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
        seenAs(job, 'same', 'files', 'a'),
        seenAs(job, 'changed', 'files', 'b2'),
        seenAs(job, 'stub', 'files', 'c'),
        seenAs(job, 'gone', 'files', 'd'),
        seenAs(job, 'new', 'files', 'e'),
      ]
      expect(await bench.store.listed(next, found, listingOf)).toEqual(new Set([found[0]!.documentId]))
      expect(await bench.store.listed(next, [], listingOf)).toEqual(new Set())
      expect(await bench.store.listed(jobOf(job.kb_id, 3, 200), found, listingOf)).toEqual(new Set())
      const seen = await bench.database.pool.query(
        'select run, count(*)::int from seen where kb_id = $1 group by run order by run',
        [job.kb_id],
      )
      expect(seen.rows.map(({ run, count }) => [Number(run), count])).toEqual([
        [2, 5],
        [3, 5],
      ])
    })

    test('keeps what a page is called by, and says so while the store has what it was, made in the same way', async () => {
      const job = await newBase()
      const pageOf = (uri: string, content: string, revision = 1) => ({
        ...seenAs(job, uri, 'files', content),
        page: { revision, etag: `"${uri}"`, lastModified: null, textHash: 't', links: ['http://x/', 'http://x/"y'] },
      })
      const known = async (...uris: readonly string[]) => {
        const ids = uris.map(uri => seenAs(job, uri).documentId)
        const pages = await knownPages(bench.database.pool, job.kb_id, ids, 1)
        return ids.map(id => pages.get(id)?.current)
      }
      await bench.store.listed(
        job,
        [pageOf('a', 'a'), pageOf('b', 'b'), pageOf('old', 'old', 0), pageOf('new', 'new')],
        listingOf,
      )
      expect(await known('a', 'b')).toEqual([undefined, undefined])
      await write(
        job,
        { uri: 'a', texts: ['a'], content: 'a' },
        { uri: 'b', texts: ['b'], content: 'b2' },
        { uri: 'old', texts: ['c'], content: 'old' },
      )
      expect(await known('a', 'b', 'old', 'new')).toEqual([true, false, false, undefined])
      const { documentId } = seenAs(job, 'a')
      expect((await knownPages(bench.database.pool, job.kb_id, [documentId], 1)).get(documentId)).toMatchObject({
        ...{ etag: '"a"', textHash: 't', links: ['http://x/', 'http://x/"y'], contentHash: idOf('a') },
      })
      await bench.store.listed(jobOf(job.kb_id, 2), [pageOf('a', 'changed')], listingOf)
      expect(await known('a')).toEqual([false])
      await bench.store.listed(jobOf(job.kb_id, 2), [pageOf('a', 'a')], listingOf)
      await bench.database.pool.query('update knowledge_base set chunking = $2 where id = $1', [
        job.kb_id,
        { ...job.chunking, chunk_size: 17 },
      ])
      expect(await known('a')).toEqual([false])
    })
  })
