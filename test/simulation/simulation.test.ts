import { expect, test } from 'vitest'
import type { History } from './history.ts'
import { bugs } from './planted.ts'
import { play } from './play.ts'
import { strike } from './strike.ts'

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
    { at: 900, do: 'kill', process: 'c1', ms: 2_000 },
  ],
}

test('one history is always lived through in the same way, to the last event', async () => {
  const [first, second]: [string[], string[]] = [[], []]
  const once = await play(disturbed, first)
  expect(await play(disturbed, second)).toEqual(once)
  expect(second).toEqual(first)
  expect(first.filter(line => line.includes('w2.1 is frozen') || line.includes('c1.1 is killed'))).toHaveLength(2)
})

test('another seed of the same history is another run of it', async () => {
  const { hash } = await play(disturbed)
  expect((await play({ ...disturbed, seed: 8 })).hash).not.toBe(hash)
})

test('no real time passes and no real chance is taken while a history is lived through, and both are back after it', async () => {
  const [now, timer, chance] = [performance.now, setTimeout, Math.random]
  await play(disturbed)
  expect([performance.now, setTimeout, Math.random]).toEqual([now, timer, chance])
})

// All of them are struck by `npm run simulate:planted`; these take no time.
test.for(['aborted records are read', 'a pause is forgotten at the second takeover', 'the end after the first source'])(
  'a planted bug is seen, and told with a short history and the command that plays it again: %s',
  { timeout: 120_000 },
  name => {
    const { violation, said } = strike(bugs.find(bug => bug.name === name)!, { seeds: 3_000, seed: 1 })
    expect(violation).not.toBeNull()
    expect(said).toMatch(/The shortest history found:\n {2}world seed \d+\n {2}job .*/)
    expect(said).toMatch(/npm run simulate -- --seed 1 --path [\d:]+$/m)
  },
)
