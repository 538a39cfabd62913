import { describe, expect, test } from 'vitest'
import { forgetApplied } from '../../../src/knowledge/catalogue.ts'
import type { Claim } from '../../../src/runtime/effects.ts'
import { recordsOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeEffects = (bench: StoreBench) =>
  describe('effects', () => {
    const { newBase, claimOf, apply, rowsOf, documentOf } = bench

    test('a slice that is delivered again is not applied again', async () => {
      const job = await newBase()
      const claim = await claimOf(job)
      const records = recordsOf(job, { uri: 'a', texts: ['one apple', 'two apples'] })
      await apply(claim, job, 0, records)
      let calls = 0
      await bench.store.apply(claim, 0, records.length, async () => {
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
      await bench.store.apply(claim, 7, 12, async (writer, from) => {
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
      await bench.store.apply(old, 0, 2, async writer => {
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
      await bench.store.apply(newer, 0, 2, async () => {
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
      const failure = bench.store.apply(claim, 0, 2, async writer => {
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
      await bench.database.orm.em.fork().transactional(tx => forgetApplied(tx, [job.job_id]))
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
