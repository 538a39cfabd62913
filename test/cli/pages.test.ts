import { expect, test } from 'vitest'
import { type PageQuery, readPages } from '../../src/cli/pages.ts'

/** A list of `length` numbers, and what was asked of it. */
const numbers = (length: number) => {
  const asked: PageQuery[] = []
  const all = Array.from({ length }, (_, i) => i)
  const read = async (query: PageQuery) => {
    asked.push(query)
    const from = query.after === undefined ? 0 : Number(query.after)
    const end = from + query.limit
    return { numbers: all.slice(from, end), next: end < length ? String(end) : null }
  }
  return { all, asked, read }
}

test('all pages are read where no bound is given', async () => {
  const { all, asked, read } = numbers(1001)
  expect(await readPages('numbers', Infinity, read)).toEqual({ found: all, next: null })
  expect(asked).toEqual([{ limit: 500 }, { limit: 500, after: '500' }, { limit: 500, after: '1000' }])
})

test('no more is asked for than what is wanted, and the rest is where the last page ends', async () => {
  const { all, asked, read } = numbers(1001)
  expect(await readPages('numbers', 600, read)).toEqual({ found: all.slice(0, 600), next: '600' })
  expect(asked).toEqual([{ limit: 500 }, { limit: 100, after: '500' }])
})

test('a bound that makes no sense is left to the server to refuse', async () => {
  const { asked, read } = numbers(3)
  await readPages('numbers', 0, read)
  expect(asked).toEqual([{ limit: 0 }])
})
