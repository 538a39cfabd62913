import { expect } from 'vitest'
import { simulate } from './simulate.ts'

/** Histories that every run of the tests plays, in each of two files: they are played at the same time. */
const seeds = 5_000

export const timeoutMs = 600_000

/** Fails with the shortest history found that breaks the invariant, and the command that plays it again. */
export const expectAllToHold = async (seed: number): Promise<void> => {
  const { failure, runs } = await simulate({ seeds, seed })
  expect(failure, failure ?? '').toBeNull()
  expect(runs).toBe(seeds)
}
