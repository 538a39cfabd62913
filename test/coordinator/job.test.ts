import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply, IllegalTransition, type JobEvent } from '../../src/coordinator/job.ts'
import { eachPhase, isComplete, type Job, newJob } from '../../src/coordinator/job-state.ts'
import { itemsTotal, jobPercent } from '../../src/coordinator/percent.ts'
import { phasesOf } from '../../src/coordinator/phases.ts'
import type { Branch } from '../../src/schemas/names.ts'
import type { Progress } from '../../src/schemas/progress.ts'
import { type HistoryEvent, history, progress, started } from './histories.ts'

const play = (events: readonly JobEvent[], from: Job = newJob()) => {
  let job = from
  const effects: string[] = []
  for (const event of events) {
    const transition = apply(job, event)
    job = transition.job
    effects.push(...transition.effects)
  }
  return { job, effects }
}

const begun = { next: 100, ended: false, acknowledged: 0, waiting: null }
const running = (lanes: readonly number[] = [3]) => apply(newJob(), started(lanes)).job
const report = (job: Job, stage: string, change: Partial<Progress>) => apply(job, progress(stage, change))

describe('starting', () => {
  test('a pending job that is started runs from its start offsets, LOADING and FINISHING in its first lane alone', () => {
    const { job } = apply(newJob(), started([3, 5]))
    expect(job.status).toBe('running')
    expect(job.lanes).toEqual([3, 5])
    expect(job.phases.LOADING.lanes).toEqual({ 3: begun })
    expect(job.phases.FINISHING.lanes).toEqual({ 3: begun })
    expect(Object.keys(job.phases.INDEXING.lanes)).toEqual(['3', '5'])
  })

  test('only a pending job can be started, and the refusal names the state', () => {
    const start = () => apply(running(), started([3]))
    expect(start).toThrow(IllegalTransition)
    expect(start).toThrow('A job that is running does not take "started".')
  })

  test('reports of a job that has not started or has ended change nothing', () => {
    for (const status of ['pending', 'completed', 'cancelled'] as const) {
      const job: Job = { ...running(), status }
      expect(report(job, 'chunking', { lane: 3, items: 1 })).toEqual({ job, effects: [] })
    }
  })
})

describe('progress', () => {
  test('a report that begins where the last one ended is counted', () => {
    const first = report(running(), 'chunking', {
      first: 100,
      next: 110,
      items: 9,
      outputs: 40,
      rejects: 1,
      bytes: 500,
    })
    const second = report(first.job, 'chunking', { first: 110, next: 111, items: 1, outputs: 2, bytes: 5 })
    const { items, outputs, rejects, bytes, lanes } = second.job.phases.CHUNKING
    expect({ items, outputs, rejects, bytes }).toEqual({ items: 10, outputs: 42, rejects: 1, bytes: 505 })
    expect(lanes).toEqual({ 3: { ...begun, next: 111 } })
  })

  test('a report that was applied before changes nothing', () => {
    const { job } = report(running(), 'chunking', { first: 100, next: 110, items: 9 })
    expect(report(job, 'chunking', { first: 100, next: 110, items: 9 })).toEqual({ job, effects: [] })
    expect(report(job, 'chunking', { first: 100, next: 104, items: 4 })).toEqual({ job, effects: [] })
  })

  test.each([
    ['a hole', { first: 101, next: 110 }],
    ['an overlap', { first: 99, next: 110 }],
    ['a lane that is not the job’s', { lane: 9, first: 100, next: 110 }],
  ])('%s fails the job with progress_gap, and its lanes are held', (_, change) => {
    const { job, effects } = report(running(), 'embedding', change)
    expect(job.status).toBe('failed')
    expect(job.failure).toMatchObject({
      code: 'progress_gap',
      phase: 'EMBEDDING',
      lane: 'lane' in change ? change.lane : 3,
    })
    expect(effects).toEqual(['tell'])
    expect(job.phases.EMBEDDING.lanes).toEqual(running().phases.EMBEDDING.lanes)
    expect(phasesOf(job).every(({ name }) => job.phases[name].held === 1)).toBe(true)
  })

  test('FINISHING is asked for once, when all phases before it have passed the end marks of all their lanes', () => {
    const events = history([3, 5]).filter(event => event.type === 'started' || event.report.stage !== 'finishing')
    const before = play(events.slice(0, -1))
    expect(before.effects).toEqual([])
    const after = apply(before.job, events.at(-1)!)
    expect(after.effects).toEqual(['finish'])
    expect(apply(after.job, events.at(-1)!).effects).toEqual([])
  })

  test('a job whose FINISHING has passed its end mark is completed and gives back its lanes', () => {
    const { job, effects } = play(history([3, 5]))
    expect(job.status).toBe('completed')
    expect(effects).toEqual(['finish', 'release'])
    expect(jobPercent(job)).toBe(100)
  })

  test('the state survives JSON', () => {
    const { job } = play(history([3, 5]).slice(0, 9))
    expect(JSON.parse(JSON.stringify(job))).toEqual(job)
  })
})

describe('failure', () => {
  const failure = (attempt: number): JobEvent => ({
    type: 'phase_failed',
    at: 5,
    report: {
      type: 'phase_failure',
      job_id: 'j',
      attempt,
      stage: 'embedding',
      lane: 3,
      offset: 107,
      code: 'unauthorized',
      message: 'The key is not valid.',
    },
  })

  test('a failure of the current attempt fails the job with stage, code and message, and holds its lanes', () => {
    const { job, effects } = apply(running(), failure(1))
    expect(job.status).toBe('failed')
    expect(job.failure).toEqual({
      code: 'unauthorized',
      message: 'The key is not valid.',
      phase: 'EMBEDDING',
      lane: 3,
    })
    expect(effects).toEqual(['tell'])
  })

  test('a failure of a lower attempt is ignored', () => {
    const job: Job = { ...running(), attempt: 2 }
    expect(apply(job, failure(1))).toEqual({ job, effects: [] })
  })

  test('slices that were in hand when the job failed are still counted, and start nothing', () => {
    const { job } = apply(running(), failure(1))
    const after = report(job, 'chunking', { first: 100, next: 110, items: 9 })
    expect(after.job.phases.CHUNKING.items).toBe(9)
    expect(after.job.status).toBe('failed')
    expect(after.effects).toEqual([])
  })
})

describe('any history', () => {
  /** Picks, step by step, the next report of one of the (stage, lane) queues, sometimes one that was there before. */
  const shuffled = fc
    .tuple(
      fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.infiniteStream(fc.nat(1000)),
      fc.infiniteStream(fc.boolean()),
      fc.constantFrom<readonly Branch[]>([], ['TABULATING']),
    )
    .map(([lanes, seed, picks, repeats, branches]) => {
      const [start, ...reports] = history(lanes, seed, branches)
      const queues = [...Map.groupBy(reports, event => key(event)).values()].map(queue => [...queue])
      const finishing = queues.filter(queue => key(queue[0]!).startsWith('finishing'))
      const others = queues.filter(queue => !finishing.includes(queue))
      const out: HistoryEvent[] = [start!]
      for (const group of [others, finishing]) {
        let left = group.filter(queue => queue.length > 0)
        while (left.length > 0) {
          out.push(left[picks.next().value % left.length]!.shift()!)
          if (repeats.next().value) out.push(out[1 + (picks.next().value % (out.length - 1))]!)
          left = left.filter(queue => queue.length > 0)
        }
      }
      return { events: out, plain: [start!, ...reports], branches }
    })
  /** Without its pace: that is about the order in which reports came. */
  const timeless = (job: Job): Job => ({ ...job, phases: eachPhase(name => ({ ...job.phases[name], pace: null })) })
  const key = (event: HistoryEvent) => (event.type === 'started' ? '' : `${event.report.stage}/${event.report.lane}`)

  test('interleaved and repeated in any way ends in the same state with the same effects', () => {
    fc.assert(
      fc.property(shuffled, ({ events, plain, branches }) => {
        const expected = play(plain, newJob(branches))
        expect(expected.job.status).toBe('completed')
        const ended = play(events, newJob(branches))
        expect({ ...ended, job: timeless(ended.job) }).toEqual({ ...expected, job: timeless(expected.job) })
      }),
      { numRuns: 300 },
    )
  })

  test('shows a percentage that never falls, and 100 only at the end', () => {
    fc.assert(
      fc.property(shuffled, ({ events, branches }) => {
        let job = newJob(branches)
        for (const event of events) {
          const before = job
          job = apply(job, event).job
          expect(jobPercent(job)).toBeGreaterThanOrEqual(jobPercent(before))
          expect(jobPercent(job) === 100).toBe(job.status === 'completed')
          for (const { name } of phasesOf(job)) {
            expect(job.phases[name].shown).toBeGreaterThanOrEqual(before.phases[name].shown)
            expect(job.phases[name].shown === 100).toBe(isComplete(job.phases[name]))
          }
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe('totals', () => {
  test('the total of LOADING is what the source expects, that of a later phase the outputs of the one before', () => {
    const loading = report(running(), 'loading', { items: 10, outputs: 8, total: 20 })
    expect(itemsTotal(loading.job, 'LOADING')).toBe(20)
    expect(loading.job.phases.LOADING.shown).toBe(50)
    expect(itemsTotal(loading.job, 'CHUNKING')).toBeNull()
    const loaded = report(loading.job, 'loading', { first: 110, next: 120, items: 10, outputs: 10, end_marks: 1 })
    expect(itemsTotal(loaded.job, 'CHUNKING')).toBe(18)
    expect(itemsTotal(loaded.job, 'EMBEDDING')).toBeNull()
  })

  test('a phase whose total is unknown is measured by what the phase before has done of its own', () => {
    const half = report(running(), 'loading', { items: 10, outputs: 10, total: 20 })
    const chunked = report(half.job, 'chunking', { items: 10, outputs: 100 })
    expect(chunked.job.phases.CHUNKING.shown).toBe(50)
    const embedded = report(chunked.job, 'embedding', { items: 50 })
    expect(embedded.job.phases.EMBEDDING.shown).toBe(25)
  })
})
