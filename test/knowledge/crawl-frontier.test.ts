import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crawlFrontier, forgetFrontiers } from '../../src/knowledge/crawl-frontier.ts'
import { migrateUp } from '../../src/migrate.ts'
import type { Candidate, EntryState, Frontier, Settled } from '../../src/sources/website/frontier.ts'
import { memoryFrontier } from '../../src/sources/website/memory-frontier.ts'
import { databases, type TestDatabase } from '../kit/databases.ts'

const candidate = (url: string, more: Partial<Candidate> = {}): Candidate => ({
  ...{ url, kind: 'page', seed: false, depth: 0, hops: 0, attempt: 1, afterMs: 0, pattern: null, foundOn: null },
  ...more,
})
const bounds = { pages: 1000, ofPattern: 1000 }
const urls = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => `http://x/${name}`)

const common = {
  url: fc.constantFrom(...urls),
  seed: fc.boolean(),
  depth: fc.nat(3),
  afterMs: fc.constantFrom(0, 3_600_000),
  foundOn: fc.constantFrom(null, 'http://x/'),
}
/** Only what is new has a pattern, and that bounds. */
const candidates = fc.oneof(
  fc.record({
    ...common,
    ...{ kind: fc.constant('page' as const), hops: fc.constant(0), attempt: fc.constant(1) },
    pattern: fc.constantFrom(null, 'p', 'q'),
  }),
  fc.record({
    ...common,
    ...{
      kind: fc.constantFrom('page' as const, 'sitemap' as const),
      hops: fc.nat(1),
      attempt: fc.integer({ min: 1, max: 3 }),
    },
    pattern: fc.constant(null),
  }),
)
const states: readonly EntryState[] = ['put_off', 'document', 'alias', 'rejected']
const call = fc.record({
  found: fc.array(candidates, { maxLength: 8 }),
  settled: fc.array(
    fc.record({ of: fc.nat(30), state: fc.constantFrom(...states), text: fc.constantFrom(null, 't', 'u') }),
  ),
  bounds: fc.record({ pages: fc.integer({ min: 1, max: 8 }), ofPattern: fc.integer({ min: 1, max: 3 }) }),
})

/** All that a frontier says; times as whether there is one. */
const allOf = async (frontier: Frontier) => ({
  entries: (await frontier.take(0, 1000)).map(({ dueMs, before, ...entry }) => ({
    ...entry,
    isDue: dueMs === 0,
    before: before && { number: before.number, state: before.state },
  })),
  some: (await frontier.take(2, 3)).map(({ number }) => number),
  known: [...(await frontier.lookUp([...urls, 'http://y/']))]
    .map(([url, { number, state }]) => [url, number, state])
    .sort(),
  seeds: (await frontier.seeds()).map(({ url, number, state }) => [url, number, state]).sort(),
  texts: [...(await frontier.documentsWith(['t', 'u', 'v'], 5))].sort(),
})

describe.each(databases)('the frontier of a crawl on %s', (_, open) => {
  let opened: TestDatabase
  let jobs = 0
  beforeAll(async () => {
    opened = await open()
    await migrateUp(opened.database)
  })
  afterAll(() => opened?.close())

  const frontier = async (index = 0): Promise<Frontier> => {
    const job = `job-${jobs++}`
    await opened.database.pool.query(
      `insert into job (id, kb_id, kind, status, submission, state, run) values ($1, $1, 'run', 'completed', '{}', '{}', 1)`,
      [job],
    )
    return crawlFrontier<EntryState>(opened.database.pool, job, index)
  }

  test('says what one in memory says, whatever is found and settled in it', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 6 }), async calls => {
        const [stored, model] = [await frontier(), memoryFrontier()]
        for (const { found, settled, bounds } of calls) {
          const { length } = await model.take(0, 1000)
          const results = new Map(
            settled.map(({ of, state, text }): [number, Settled] => {
              const number = length === 0 ? 0 : of % length
              return [number, { number, state, textHash: text, error: null }]
            }),
          )
          const of = length === 0 ? [] : [...results.values()]
          const counts = await model.settle(found, of, bounds)
          expect(await stored.settle(found, of, bounds)).toMatchObject({ entries: counts.entries, pages: counts.pages })
          expect(await allOf(stored)).toEqual(await allOf(model))
        }
      }),
      { numRuns: 15 },
    )
  })

  test('gives the same numbers again to what is found again, and new ones after all others', async () => {
    const one = await frontier()
    const first = ['a', 'b', 'c'].map(url => candidate(url))
    await one.settle(first, [], bounds)
    const again = await one.settle([...first, candidate('d'), candidate('a'), candidate('d')], [], bounds)
    expect(again).toEqual({ entries: 4, pages: 4, alike: 0 })
    expect((await one.take(0, 9)).map(({ number, url }) => `${number}${url}`)).toEqual(['0a', '1b', '2c', '3d'])
  })

  test('says how many it left out because they are alike', async () => {
    const alike = ['a', 'b', 'c'].map(url => candidate(url, { pattern: 'p' }))
    for (const one of [await frontier(), memoryFrontier()]) {
      expect(await one.settle(alike, [], { pages: 10, ofPattern: 2 })).toEqual({ entries: 2, pages: 2, alike: 1 })
      expect(await one.settle(alike.slice(0, 2), [], { pages: 10, ofPattern: 2 })).toMatchObject({ alike: 0 })
    }
  })

  test('counts how often an entry waited, and how long it is to wait', async () => {
    const one = await frontier()
    await one.settle([candidate('a'), candidate('b', { afterMs: 60_000 })], [], bounds)
    await one.waited(0)
    await one.waited(0)
    const [a, b] = await one.take(0, 9)
    expect([a?.waits, b?.waits, a?.dueMs]).toEqual([2, 0, 0])
    expect(b?.dueMs).toBeGreaterThan(50_000)
  })

  test('is one of its own for each source of each job, and is forgotten with its job', async () => {
    const [one, other] = [await frontier(), await frontier()]
    await one.settle([candidate('a')], [], bounds)
    await other.settle([candidate('b')], [], bounds)
    expect((await one.take(0, 9)).map(({ url }) => url)).toEqual(['a'])
    await forgetFrontiers(opened.database.orm.em.fork(), [`job-${jobs - 2}`])
    expect(await one.take(0, 9)).toEqual([])
    expect(await other.take(0, 9)).toHaveLength(1)
  })
})
