import { describe, expect, test } from 'vitest'
import { skipSaying } from '../../kit/skip-saying.ts'
import { until } from '../../kit/until.ts'
import { jobOf, listingOf, recordsOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeFinishing = (bench: StoreBench) =>
  describe('finishing', () => {
    const { newBase, claimOf, apply, write, query, found, rowsOf } = bench

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

      expect(await bench.store.finish(second, 'drop_unflipped', signal)).toBe(
        'Dropped 2 versions that were not complete.',
      )
      expect(await rowsOf(first)).toBe(2)
      expect(await found(first, 'fox')).toEqual(['fox'])
      expect(await bench.store.finish(second, 'drop_unflipped', signal)).toBe('Every version is complete.')
    })

    test('removes old versions, in batches, and keeps those that are active or still to come', async () => {
      const first = await newBase()
      const documents = Array.from({ length: 250 }, (_, i) => ({ uri: `d${i}`, texts: ['old fox'] }))
      await write(first, ...documents)
      const second = jobOf(first.kb_id, 2)
      await write(second, ...documents.map(({ uri }) => ({ uri, texts: ['new fox'] })))
      await bench.store.listed(first, [{ documentId: 'x', source: 'files', uri: 'x', contentHash: 'x' }], listingOf)
      const third = jobOf(first.kb_id, 3)
      await apply(await claimOf(third), third, 0, recordsOf(third, { uri: 'd0', texts: ['next fox'] }).slice(0, 1))
      expect(await rowsOf(first)).toBe(501)

      expect(await bench.store.finish(second, 'prune_versions', signal)).toBe('Removed 250 old versions.')
      expect(await rowsOf(first)).toBe(251)
      expect(await bench.store.finish(second, 'prune_versions', signal)).toBe('There was no old version.')
      expect((await bench.database.pool.query('select 1 from seen where kb_id = $1', [first.kb_id])).rows).toEqual([])
    })

    test('stops between its steps when told to', async () => {
      const job = await newBase()
      const stopped = AbortSignal.abort(new Error('held'))
      for (const step of ['drop_unflipped', 'sweep_unseen', 'prune_versions', 'build_index'] as const)
        await expect(bench.store.finish(job, step, stopped)).rejects.toThrow('held')
    })

    test('an abort cancels an index build that is under way, and nothing of it stays', async context => {
      skipSaying(context, bench.database.embedded, 'the embedded database runs one statement at a time')
      const job = await newBase()
      await write(job, { uri: 'a', texts: ['fox'] })
      const { rows } = await bench.database.pool.query('select number from knowledge_base where id = $1', [job.kb_id])
      const table = `chunks_${rows[0].number}`
      const writer = await bench.database.pool.connect()
      await writer.query('begin')
      await writer.query(`lock ${table} in row exclusive mode`)
      const held = new AbortController()
      const building = bench.store.finish(job, 'build_index', held.signal)
      await until('the build waits for the writer', async () => {
        const { rows } = await bench.database.pool.query('select 1 from pg_locks where not granted')
        return rows.length > 0
      })
      held.abort(new Error('held'))
      await expect(building).rejects.toThrow('held')
      await writer.query('rollback')
      writer.release()
      const indexes = await bench.database.pool.query('select indexname from pg_indexes where tablename = $1', [table])
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
            bench.store.search(query(job, { mode, text: 'fox 17', topK: 5 })),
          ),
        )
      const before = await ask()
      const said = await bench.store.finish(job, 'build_index', signal)
      expect(said).toBe(`Indexed 80 chunks by text${bench.database.embedded ? '' : ' and by vector'}.`)
      expect(await bench.store.finish(job, 'build_index', signal)).toBe(said)
      expect(await ask()).toEqual(before)
      // What comes later is found too; filters that thin out the index's answer do not shorten it.
      await write(job, { uri: 'late', texts: ['late fox'], vectors: [[1, 0.001, 0, 0]] })
      const late = await bench.store.search(query(job, { mode: 'vector', filters: { uriPrefix: 'late' } }))
      expect(late.map(hit => hit.uri)).toEqual(['late'])
    })
  })
