import { describe, expect, test } from 'vitest'
import { jobOf, recordsOf } from '../records.ts'
import type { StoreBench } from '../store-bench.ts'

export const describeVectors = (bench: StoreBench) =>
  describe('vectors', () => {
    const { newBase, claimOf, apply, write, query, found, rowsOf, documentOf } = bench

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
      const near = await bench.store.search(query(job, { mode: 'vector' }))
      expect(near.map(hit => hit.text)).toEqual(['fox'])
    })

    test('what PostgreSQL cannot hold in a text is replaced, not refused', async () => {
      const job = await newBase()
      expect(await write(job, { uri: 'a\0', texts: ['fox \0 and \ud800 end'], headings: ['with\nline', ''] })).toEqual(
        [],
      )
      const [hit] = await bench.store.search(query(job, { text: 'fox' }))
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
