import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eta } from '../../src/coordinator/eta.ts'
import { apply } from '../../src/coordinator/job.ts'
import { type Job, newJob } from '../../src/coordinator/job-state.ts'
import { progress, started } from './histories.ts'
import { eventsOf, judge, pausedFor, type Recorded } from './replay.ts'

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
    // 1,000 chunks in all, 250 done, 50 a second, and FINISHING.
    expect((expected - now) / 1000).toBeCloseTo(15.3, 1)
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

  test('is absent when nothing has moved for minutes, and back with the next report', () => {
    const job = running(5)
    expect(eta(job, now + 90_000)).not.toBeNull()
    expect(eta(job, now + 125_000)).toBeNull()
    const later = apply(job, progress('indexing', { first: 150, next: 160, items: 50 }, now + 125_000)).job
    expect(eta(later, now + 125_000)).not.toBeNull()
  })

  test('is there while LOADING is held for back-pressure alone', () => {
    const job = report(running(5), 'chunking', 5, 10, 45_000)
    expect(job.pressed).toBe(true)
    expect(job.phases.LOADING.held).not.toBeNull()
    expect(eta(job, now + 1_000)).not.toBeNull()
  })

  test('never lies in the past, however long FINISHING takes', () => {
    let job = running(10)
    for (const stage of ['loading', 'chunking', 'embedding', 'indexing'])
      job = report(job, stage, 10, 0, 0, { end_marks: 1 })
    expect(job.finishing).toBe(true)
    for (const ms of [0, 1_000, 60_000, 600_000]) {
      const { earliest, expected, latest } = eta(job, t0 + 10_000 + ms)!
      expect(earliest).toBeGreaterThanOrEqual(t0 + 10_000 + ms)
      expect(expected).toBeGreaterThan(earliest)
      expect(latest).toBeGreaterThan(expected)
    }
  })
})

describe('on recorded runs, looked at from a tenth of their duration on', () => {
  const folder = join(import.meta.dirname, 'recorded')
  const runs = readdirSync(folder).map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recorded)
  const share = (within: number, given: number) => (given === 0 ? 0 : within / given)

  test('the true end lies in nine of ten ranges of all, and in eight of ten of each run', () => {
    expect(runs.length).toBeGreaterThanOrEqual(12)
    const judged = runs.map(run => ({ shape: run.shape, ...judge(eventsOf(run), run.completedAt) }))
    const sum = (of: (one: (typeof judged)[number]) => number) => judged.reduce((total, one) => total + of(one), 0)
    expect(judged.filter(one => share(one.within, one.given) < 0.8)).toEqual([])
    expect(
      share(
        sum(one => one.within),
        sum(one => one.given),
      ),
    ).toBeGreaterThanOrEqual(0.9)
    // Ranges that are never given, or as wide as the sky, would hold too.
    expect(
      share(
        sum(one => one.given),
        sum(one => one.looks),
      ),
    ).toBeGreaterThanOrEqual(0.7)
    expect(
      share(
        sum(one => one.widths.reduce((a, b) => a + b, 0)),
        sum(one => one.given),
      ),
    ).toBeLessThan(0.75)
  })

  test('an hour of pause in the middle takes nothing from it', () => {
    const hour = 3_600_000
    const judged = runs.map(run => {
      const { events, completedAt } = pausedFor(run, run.completedAt / 2, hour)
      return judge(events, completedAt, run.completedAt / 2 + hour, run.completedAt / 100)
    })
    const given = judged.reduce((total, one) => total + one.given, 0)
    expect(given).toBeGreaterThan(25 * runs.length)
    expect(
      share(
        judged.reduce((total, one) => total + one.within, 0),
        given,
      ),
    ).toBeGreaterThanOrEqual(0.9)
  })
})
