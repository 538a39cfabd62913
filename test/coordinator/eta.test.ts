import { describe, expect, test } from 'vitest'
import { eta } from '../../src/coordinator/eta.ts'
import { apply } from '../../src/coordinator/job.ts'
import { type Job, newJob } from '../../src/coordinator/job-state.ts'
import { progress, started } from './histories.ts'

const t0 = 1_000_000

describe('the estimated end of a job', () => {
  const report = (job: Job, stage: string, n: number, items: number, outputs: number, more: object = {}): Job =>
    apply(job, progress(stage, { first: 100 + n * 10, next: 110 + n * 10, items, outputs, ...more }, t0 + n * 1_000))
      .job
  /** Ten documents a second of a hundred, each of ten chunks, of which 50 a second are embedded and indexed. */
  const running = (seconds: number, total: number | null = 100) => {
    let job = apply(newJob(), started([3])).job
    for (let n = 0; n < seconds; n++) {
      job = report(job, 'loading', n, 10, 10, { total })
      job = report(job, 'chunking', n, 10, 100)
      job = report(job, 'embedding', n, 50, 50)
      job = report(job, 'indexing', n, 50, 50)
    }
    return job
  }
  const now = t0 + 4_000

  test('follows from the slowest phase, and lies in its range', () => {
    const { earliest, expected, latest } = eta(running(5), now)!
    // 1,000 chunks in all, 250 done, 50 a second.
    expect((expected - now) / 1000).toBeCloseTo(15.5, 0)
    expect(earliest).toBeLessThan(expected)
    expect(latest).toBeGreaterThan(expected)
  })

  test('is absent where there is no ground: nothing moved, no total, a phase that has not begun, a job that stands', () => {
    expect(eta(apply(newJob(), started([3])).job, now)).toBeNull()
    expect(eta(newJob(), now)).toBeNull()
    expect(eta(running(5, null), now)).toBeNull()
    expect(eta(running(1), now)).toBeNull()
    const paused = apply(running(5), { type: 'pause', phase: 'EMBEDDING', at: now }).job
    expect(eta(paused, now)).toBeNull()
  })
})
