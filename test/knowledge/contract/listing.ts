import { describe, expect, test } from 'vitest'
import { jobOf, listingOf, seenAs } from '../records.ts'
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
  })
