import { expect, test } from 'vitest'
import type { FrontierEntry } from '../../../src/sources/website/frontier.ts'
import { inTime } from '../../../src/sources/website/take-entries.ts'

const entry = (url: string, number: number, before: FrontierEntry['before'] = null): FrontierEntry => ({
  ...{
    url,
    number,
    before,
    kind: 'page',
    seed: false,
    depth: 0,
    hops: 0,
    attempt: 1,
    foundOn: null,
    dueMs: 0,
    waits: 0,
  },
})
const of = (...hosts: string[]) => hosts.map((host, i) => entry(`http://${host}/${i}`, i))
const intervals: Readonly<Record<string, number | null>> = { quick: 1, second: 1000, slow: 10_000, unknown: null }
const taken = (entries: readonly FrontierEntry[]) => inTime(entries, 2000, ({ host }) => intervals[host]!).length

test('a bite takes of each host what can be begun in its time, one at least, and nothing after', () => {
  expect(taken(of(...Array.from({ length: 100 }, () => 'quick')))).toBe(100)
  expect(taken(of('second', 'second', 'second', 'second'))).toBe(2)
  expect(taken(of('slow', 'slow', 'quick'))).toBe(1)
  expect(taken(of('slow', 'quick', 'unknown', 'second', 'unknown'))).toBe(4)
})

test('what need not be asked takes no time', () => {
  const done = { number: 0, state: 'document' } as const
  expect(taken([entry('http://slow/', 1), entry('http://slow/', 2, done), entry('http://slow/', 3)])).toBe(2)
})
