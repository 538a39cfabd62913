import { expect, test } from 'vitest'
import type { History } from './history.ts'
import { play } from './play.ts'
import { simulate } from './simulate.ts'

/** Histories that every run of the tests plays. */
const seeds = 10_000

const disturbed: History = {
  seed: 7,
  jobs: [
    { at: 0, sources: [3, 1], lanes: 2, bad: 'text' },
    { at: 300, sources: [2], lanes: 1, bad: 'none' },
  ],
  steps: [
    { at: 500, do: 'strike', process: 'w1', op: 'commit', blow: 'lost', ms: 1 },
    { at: 700, do: 'freeze', process: 'w2', ms: 6_000 },
    { at: 800, do: 'command', job: 0, verb: 'pause', phase: null },
  ],
}

test('one history is always lived through in the same way, to the last event', async () => {
  const [first, second] = [[], []] as [string[], string[]]
  const once = await play(disturbed, first)
  expect(await play(disturbed, second)).toEqual(once)
  expect(second).toEqual(first)
  expect(await play({ ...disturbed, seed: 8 })).not.toEqual(once)
})

test('whatever strikes in whatever order, nothing is lost or doubled and every job comes to its end', async () => {
  const { failure, runs } = await simulate({ seeds, seed: 1 })
  expect(failure, failure ?? '').toBeNull()
  expect(runs).toBe(seeds)
}, 300_000)
