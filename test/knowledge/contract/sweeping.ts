import { describe, expect, test } from 'vitest'
import type { SourceListing } from '../../../src/knowledge/knowledge-base.ts'
import type { LaneJob } from '../../../src/schemas/lane-control.ts'
import { skipSaying } from '../../kit/skip-saying.ts'
import { until } from '../../kit/until.ts'
import { jobOf, listingOf, seenAs } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeSweeping = (bench: StoreBench) =>
  describe('the sweep', () => {
    const { newBase, write, found, rowsOf, documentOf } = bench
    const signal = new AbortController().signal
    const names = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`)

    /** A kb with documents of one source, each of one chunk, and its second run, which lists some of them. */
    const secondRun = async (count: number, seen: readonly string[], listing: Partial<SourceListing> = {}) => {
      const first = await newBase()
      await write(first, ...names(count).map(uri => ({ uri, texts: [`fox ${uri}`] })))
      const job = jobOf(first.kb_id, 2)
      await list(job, seen, listing)
      return job
    }
    const list = (job: LaneJob, uris: readonly string[], listing: Partial<SourceListing> = {}) =>
      bench.store.listed(
        job,
        uris.map(uri => seenAs(job, uri, listing.source)),
        { ...listingOf, ...listing },
      )
    const sweep = (job: LaneJob) => bench.store.finish(job, 'sweep_unseen', signal)
    const finish = async (job: LaneJob) => {
      const said = await sweep(job)
      await bench.store.finish(job, 'prune_versions', signal)
      return [said, await bench.store.finish(job, 'build_index', signal)]
    }
    const state = async (job: LaneJob) =>
      (
        await bench.database.pool.query<{ uri: string; deleted: boolean; chunks: number; run: string }>(
          'select uri, deleted, chunks, active_version >> 32 as run from document where kb_id = $1 order by uri',
          [job.kb_id],
        )
      ).rows.map(({ uri, deleted, chunks, run }) => [uri, deleted ? 'deleted' : 'there', chunks, Number(run)])

    test('marks what a run did not see as deleted, by a version of the run, and its chunks are pruned', async () => {
      const job = await secondRun(5, ['d0', 'd1', 'd2', 'd3'])
      expect(await sweep(job)).toBe('Swept 1 document that the sources have no more.')
      expect(await found(job, 'd4')).toEqual([])
      expect(await found(job, 'd3')).toEqual(['fox d3'])
      expect(await documentOf(job, 'd4')).toBeNull()
      await bench.store.finish(job, 'prune_versions', signal)
      expect(await rowsOf(job)).toBe(4)
      expect((await state(job)).at(-1)).toEqual(['d4', 'deleted', 0, 2])
      expect(await sweep(job)).toBe('Swept 1 document that the sources have no more.')
    })

    test('sweeps in batches, in one pass', async () => {
      const job = await secondRun(450, [])
      expect(await sweep({ ...job, delete_guard: 100 })).toBe('Swept 450 documents that the sources have no more.')
      expect((await state(job)).filter(([, is]) => is === 'there')).toEqual([])
    })

    test('a document that comes back is no longer unchanged, and an older version of it never comes back', async () => {
      const job = await secondRun(5, names(4))
      await sweep(job)
      const third = jobOf(job.kb_id, 3)
      expect(await list(third, names(5))).toEqual(new Set(names(4).map(uri => seenAs(job, uri).documentId)))
      await write(jobOf(job.kb_id, 1), { uri: 'd4', texts: ['old fox'], version: 2 ** 32 + 7 })
      expect(await found(job, 'old')).toEqual([])
      await write(third, { uri: 'd4', texts: ['fox d4'] })
      expect(await found(job, 'd4')).toEqual(['fox d4'])
    })

    test('where more than the guard allows would go, all stay, and the last message of the job says so', async () => {
      const job = await secondRun(10, names(7))
      const [swept, built] = await finish(job)
      const kept =
        '3 documents of files were not found and stay: of 10 documents, 20 % may go at once. ' +
        'If they are gone for good, ingest it again with delete_guard 30 (--delete-guard 30).'
      expect(swept).toBe(`${kept} No document was swept.`)
      expect(built).toBe(`${kept} Indexed 10 chunks by text.`)
      expect(await rowsOf(job)).toBe(10)
      const [again, after] = await finish({ ...job, delete_guard: 30 })
      expect(again).toBe('Swept 3 documents that the sources have no more.')
      expect(after).toBe('Indexed 7 chunks by text.')
    })

    test('the share is of what was there before the run, and rounded up', async () => {
      const job = await secondRun(3, ['d0', 'd1'])
      expect(await sweep(job)).toContain('Swept 1 document')
      const other = await secondRun(3, ['d0'])
      // What is new in the run does not make the share of what is gone any smaller.
      await write(other, ...names(20).map(uri => ({ uri: `new ${uri}`, texts: ['x'] })))
      await list(
        other,
        names(20).map(uri => `new ${uri}`),
        { first: false },
      )
      expect(await sweep(other)).toContain('2 documents of files were not found and stay: of 3 documents')
      const none = await secondRun(3, ['d0', 'd1'])
      expect(await sweep({ ...none, delete_guard: 0 })).toContain('1 document of files was not found and stays')
    })

    test('a source of which nothing was seen counts, and one that is not of the run is left alone', async () => {
      const job = await secondRun(4, names(4))
      await write(job, { uri: 'o', texts: ['fox o'], source: 'other', version: 2 ** 32 })
      await write(job, { uri: 'p', texts: ['fox p'], source: 'not listed', version: 2 ** 32 })
      await list(job, [], { index: 1, source: 'other' })
      expect(await sweep(job)).toBe('Swept 1 document that the sources have no more.')
      expect(await found(job, 'p')).toEqual(['fox p'])
    })

    test('two places of a job that are one source count together', async () => {
      const job = await secondRun(4, ['d0', 'd1'])
      await list(job, ['d2', 'd3'], { index: 1 })
      expect(await sweep(job)).toBe('No document was swept.')
    })

    test.each([
      [{ ended: false }, 'its listing did not come to its end.'],
      [
        { unlisted: ['/docs/b cannot be listed.', '/docs/a cannot be listed.'] },
        'a part of it could not be listed: /docs/a cannot be listed. (and 1 more) The next run that lists all of it sweeps.',
      ],
    ])('a source that was not listed whole is left as it is: %o', async (listing, why) => {
      const job = await secondRun(10, names(9), listing)
      expect(await sweep(job)).toBe(`1 document of files was not found and stays: ${why} No document was swept.`)
      expect(await rowsOf(job)).toBe(10)
      await list(job, [], { first: false, unlisted: ['and this'] })
      expect(await sweep(job)).toContain('No document was swept')
    })

    test('what a later job has stored is none of its business', async () => {
      const job = await secondRun(5, names(4))
      await write(jobOf(job.kb_id, 3), { uri: 'd4', texts: ['fox of the replay'] })
      expect(await sweep(job)).toBe('No document was swept.')
      expect(await found(job, 'replay')).toEqual(['fox of the replay'])
    })

    test('a sweep that comes late leaves what a later run lists, even where that found it unchanged', async () => {
      const job = await secondRun(5, names(4))
      expect(await list(jobOf(job.kb_id, 3), ['d4'], { ended: false })).toEqual(new Set([seenAs(job, 'd4').documentId]))
      const before = await state(job)
      expect(await sweep(job)).toBe('No document was swept.')
      expect(await state(job)).toEqual(before)
      expect(await found(job, 'd4')).toEqual(['fox d4'])
    })

    test('a run that begins to list while an earlier one sweeps waits for it, and loads what that has swept', async context => {
      skipSaying(context, bench.database.embedded, 'the embedded database runs one transaction at a time')
      const job = await secondRun(5, names(4))
      const { pool } = bench.database
      const writer = await pool.connect()
      await writer.query('begin')
      await writer.query('select 1 from document where kb_id = $1 and uri = $2 for update', [job.kb_id, 'd4'])
      const waiting = (count: number) =>
        until(`${count} wait`, async () => {
          const { rows } = await pool.query('select 1 from pg_locks where not granted')
          return rows.length >= count
        })
      const sweeping = sweep(job)
      await waiting(1)
      const listing = list(jobOf(job.kb_id, 3), ['d4'])
      await waiting(2)
      await writer.query('rollback')
      writer.release()
      expect(await sweeping).toBe('Swept 1 document that the sources have no more.')
      expect(await listing).toEqual(new Set())
    })

    test('a replay and a run whose listing nobody noted sweep nothing', async () => {
      const job = await secondRun(5, names(4))
      expect(await sweep({ ...job, kind: 'replay' })).toBe('Only a run sweeps.')
      expect(await sweep(jobOf(job.kb_id, 3))).toBe('No document was swept.')
      await list({ ...jobOf(job.kb_id, 4), kind: 'replay' }, [])
      const { rows } = await bench.database.pool.query('select run from source_listing where kb_id = $1', [job.kb_id])
      expect(rows).toEqual([{ run: '2' }])
    })

    test('stops when told to, and what is noted of earlier runs goes with the next', async () => {
      const job = await secondRun(5, names(4))
      await expect(bench.store.finish(job, 'sweep_unseen', AbortSignal.abort(new Error('held')))).rejects.toThrow(
        'held',
      )
      await list(jobOf(job.kb_id, 3), names(5))
      await bench.store.finish(jobOf(job.kb_id, 3), 'prune_versions', signal)
      const { rows } = await bench.database.pool.query('select run from source_listing where kb_id = $1', [job.kb_id])
      expect(rows).toEqual([{ run: '3' }])
    })
  })
