import { expect, test } from 'vitest'
import type { Candidate } from '../../../src/sources/website/frontier.ts'
import { memoryFrontier } from '../../../src/sources/website/memory-frontier.ts'

const links = (count: number, more: Partial<Candidate>) =>
  Array.from(
    { length: count },
    (_, i): Candidate => ({
      ...{
        url: `http://x/${more.kind}-${more.attempt}-${i}`,
        kind: 'page',
        seed: false,
        depth: 1,
        hops: 0,
        attempt: 1,
      },
      ...{ afterMs: 0, pattern: null, foundOn: null },
      ...more,
    }),
  )
const bounds = { pages: 1e6, ofPattern: 1e6 }

// In time that grows with the links alone it takes a moment; with their square, minutes.
test('a page with twenty thousand links holds nothing else up', { timeout: 10_000 }, async () => {
  const found = links(20_000, { pattern: '/p' })
  expect(await memoryFrontier().settle(found, [], bounds)).toMatchObject({ entries: 20_000, pages: 20_000 })
})

test('sitemaps and further attempts count as entries, not as pages, and each pattern for itself', async () => {
  const frontier = memoryFrontier()
  const found = [
    ...links(2, { kind: 'sitemap' }),
    ...links(3, { pattern: 'p' }),
    ...links(4, { attempt: 2 }),
    ...links(5, { url: 'http://x/same' }),
  ]
  expect(await frontier.settle(found, [], { pages: 5, ofPattern: 2 })).toMatchObject({ entries: 9, pages: 3 })
})
