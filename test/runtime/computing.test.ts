import { expect, test } from 'vitest'
import { computing } from '../../src/runtime/computing.ts'
import { createTurns } from '../../src/runtime/turns.ts'

const forever = new AbortController().signal

/** Computes until the time is over, in pieces of a ms, and counts its ms. */
const compute = async (thread: ReturnType<typeof computing>, until: number): Promise<number> => {
  let pieces = 0
  try {
    while (performance.now() < until) {
      await thread.rest()
      const end = performance.now() + 1
      while (performance.now() < end);
      pieces++
    }
    return pieces
  } finally {
    thread.end()
  }
}

test('the thread goes from job to job, however many slices each has', async () => {
  const turns = createTurns(1)
  const until = performance.now() + 400
  const slice = (job: string) => compute(computing(turns, { job, weight: 1 }, forever), until)
  const [small, ...large] = await Promise.all([slice('small'), slice('large'), slice('large'), slice('large')])
  const all = small! + large.reduce((sum, one) => sum + one, 0)
  expect(small! / all).toBeGreaterThan(0.35)
})

test('an abort ends it at the next rest, and one that has ended leaves the thread to others', async () => {
  const turns = createTurns(1)
  const controller = new AbortController()
  const held = compute(computing(turns, { job: 'a', weight: 1 }, controller.signal), performance.now() + 60_000)
  setTimeout(() => controller.abort(new Error('held')), 20)
  await expect(held).rejects.toThrow('held')
  expect(await compute(computing(turns, { job: 'b', weight: 1 }, forever), performance.now() + 40)).toBeGreaterThan(0)
})
