import { describe, expect, test } from 'vitest'
import type { LaneJob } from '../../../src/schemas/lane-control.ts'
import { idOf, jobOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeListing = (bench: StoreBench) =>
  describe('listed', () => {
    const { newBase, write } = bench

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
      expect(await bench.store.listed(next, found)).toEqual(new Set([found[0]!.documentId]))
      expect(await bench.store.listed(next, [])).toEqual(new Set())
      expect(await bench.store.listed(jobOf(job.kb_id, 3, 200), found)).toEqual(new Set())
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
