import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apply, IllegalTransition, type JobEvent, transitions } from '../../src/coordinator/job.ts'
import { isQuiet, missingOf } from '../../src/coordinator/job-holds.ts'
import { type Job, newJob } from '../../src/coordinator/job-state.ts'
import type { Demand } from '../../src/coordinator/job-verbs.ts'
import { phaseOfStage, phasesOf } from '../../src/coordinator/phases.ts'
import { type Phase, phaseNames } from '../../src/schemas/names.ts'
import { history, progress, started } from './histories.ts'

const at = 9_000
const pause = (phase: Phase | null = null): Demand => ({ type: 'pause', phase, at })
const resume = (phase: Phase | null = null): Demand => ({ type: 'resume', phase, at })
const retry = (phase: Phase | null = null): Demand => ({ type: 'retry', phase, at })
const cancel: Demand = { type: 'cancel', at }
const acknowledged = (job: Job, stage: string, lane = 3, revision = job.revision): JobEvent => ({
  type: 'acknowledged',
  at,
  report: { type: 'acknowledgement', job_id: 'j', attempt: job.attempt, stage, lane, revision, worker: 'w' },
})
const failed = (stage: string, attempt = 1): JobEvent => ({
  type: 'phase_failed',
  at,
  report: {
    type: 'phase_failure',
    job_id: 'j',
    attempt,
    stage,
    lane: 3,
    offset: 100,
    code: 'unauthorized',
    message: 'No.',
  },
})

const running = (lanes: readonly number[] = [3]) => apply(newJob(), started(lanes)).job
const move = (job: Job, ...events: readonly JobEvent[]): Job =>
  events.reduce((state, event) => apply(state, event).job, job)
/** All lanes that are missing acknowledge what now holds. */
const quiet = (job: Job): Job =>
  missingOf(job).reduce((state, { stage, lane }) => apply(state, acknowledged(job, stage, lane)).job, job)

describe('pause', () => {
  test('a job is paused when every lane of every phase has acknowledged, and not before', () => {
    let job = move(running([3, 5]), pause())
    expect(job.status).toBe('pausing')
    const missing = missingOf(job)
    expect(missing).toHaveLength(8)
    for (const [i, { stage, lane }] of missing.entries()) {
      expect(job.status).toBe('pausing')
      job = move(job, acknowledged(job, stage, lane))
      expect(missingOf(job)).toHaveLength(7 - i)
    }
    expect(job.status).toBe('paused')
  })

  test('is told to the lanes, and so is its end', () => {
    const { job, effects } = apply(running(), pause())
    expect(effects).toEqual(['tell'])
    expect(apply(quiet(job), resume()).effects).toEqual(['tell'])
  })

  test('an acknowledgement of an earlier pause does not count for a later one', () => {
    const first = move(running(), pause())
    const early = phasesOf(first).map(({ stage }) => acknowledged(first, stage))
    const second = move(first, resume(), pause(), ...early)
    expect(second.status).toBe('pausing')
    expect(missingOf(second)).toHaveLength(5)
    expect(quiet(second).status).toBe('paused')
  })

  test('of one phase leaves the others running, and waits for its lanes alone', () => {
    const job = move(running([3, 5]), pause('EMBEDDING'))
    expect(job.status).toBe('running')
    expect(missingOf(job).map(({ stage, lane }) => [stage, lane])).toEqual([
      ['embedding', 3],
      ['embedding', 5],
    ])
    expect(job.phases.LOADING.held).toBeNull()
  })

  test('of one phase after the other keeps the acknowledgements of those that stood already', () => {
    const first = quiet(move(running(), pause('EMBEDDING')))
    const second = move(first, pause())
    expect(missingOf(second).map(({ stage }) => stage)).not.toContain('embedding')
    expect(quiet(second).status).toBe('paused')
  })

  test('a lane past its end mark has nothing to acknowledge', () => {
    const job = move(running(), progress('loading', { end_marks: 1 }), pause())
    expect(missingOf(job).map(({ stage }) => stage)).toEqual(['chunking', 'embedding', 'indexing', 'finishing'])
  })

  test('of a job that waits in the queue needs nobody’s word, and its resume puts it back', () => {
    const job = move(newJob(), pause())
    expect(job.status).toBe('paused')
    expect(move(job, resume()).status).toBe('pending')
  })

  test('slices that were in hand are counted, and the last one may complete the job', () => {
    const events = history([3])
    const job = move(move(newJob(), ...events.slice(0, -1)), pause())
    expect(job.status).toBe('pausing')
    expect(apply(job, events.at(-1)!)).toMatchObject({ job: { status: 'completed' }, effects: ['release'] })
  })
})

describe('cancel', () => {
  test('waits until all lanes are quiet and what was half written is gone', () => {
    const job = move(running(), cancel)
    expect(job.status).toBe('cancelling')
    expect(() => apply(job, { type: 'discarded', at })).toThrow('quiet')
    const still = quiet(job)
    expect(still.status).toBe('cancelling')
    expect(isQuiet(still)).toBe(true)
    expect(apply(still, { type: 'discarded', at })).toMatchObject({
      job: { status: 'cancelled' },
      effects: ['release'],
    })
  })

  test('of a job that has not started ends it at once', () => {
    expect(apply(newJob(), cancel)).toMatchObject({ job: { status: 'cancelled' }, effects: [] })
    expect(move(newJob(), pause(), cancel).status).toBe('cancelled')
  })

  test('of a paused or failed job needs no further word of those that stand', () => {
    for (const job of [quiet(move(running(), pause())), quiet(move(running(), failed('embedding')))]) {
      const { job: cancelling, effects } = apply(job, cancel)
      expect(isQuiet(cancelling)).toBe(true)
      expect(effects).toEqual(['tell'])
    }
  })

  test('takes no failure any more, and nothing but its end', () => {
    const job = move(running(), cancel)
    expect(move(job, failed('embedding')).status).toBe('cancelling')
    for (const demand of [pause(), resume(), retry(), cancel])
      expect(() => apply(job, demand)).toThrow('A job that is cancelling does not take')
  })
})

describe('retry', () => {
  test('goes on as a new attempt where the job failed, whose late reports are ignored', () => {
    const job = move(running(), failed('embedding'), retry())
    expect(job).toMatchObject({ status: 'running', attempt: 2, failure: null })
    expect(Object.values(job.phases).every(({ held }) => held === null)).toBe(true)
    expect(move(job, failed('embedding', 1)).status).toBe('running')
    expect(move(job, failed('embedding', 2)).status).toBe('failed')
  })

  test('of a phase is refused for one that did not fail', () => {
    const job = move(running(), failed('embedding'))
    expect(() => apply(job, retry('LOADING'))).toThrow('The job failed at EMBEDDING, not at LOADING')
    expect(move(job, retry('EMBEDDING')).status).toBe('running')
  })
})

describe('back-pressure', () => {
  test('holds LOADING alone while too much is unfinished, and ends at half of that', () => {
    const much = move(running(), progress('chunking', { outputs: 40_001 }))
    expect(much.pressed).toBe(true)
    expect(missingOf(much).map(({ stage }) => stage)).toEqual(['loading'])
    const less = move(much, progress('indexing', { items: 15_000 }))
    expect(less.pressed).toBe(true)
    const { job, effects } = apply(less, progress('indexing', { first: 110, next: 120, items: 6_000 }))
    expect({ pressed: job.pressed, effects, held: job.phases.LOADING.held }).toEqual({
      pressed: false,
      effects: ['tell'],
      held: null,
    })
  })
})

describe('any sequence of demands and reports', () => {
  const demand = fc.constantFrom<Demand>(
    pause(),
    resume(),
    cancel,
    retry(),
    ...phaseNames.flatMap(phase => [pause(phase), resume(phase)]),
  )
  const step = fc.oneof(
    demand.map(event => () => event as JobEvent),
    fc.nat().map(pick => (job: Job) => {
      const missing = missingOf(job)
      const one = missing[pick % Math.max(1, missing.length)]
      return one ? acknowledged(job, one.stage, one.lane) : failed('embedding', job.attempt)
    }),
    fc.constant((job: Job): JobEvent => (isQuiet(job) ? { type: 'discarded', at } : failed('indexing', job.attempt))),
  )

  test('moves only as the table says, refuses with the name of the state, and is never paused with work in flight', () => {
    const shapes = ([[], ['TABULATING']] as const).map(branches => ({
      branches,
      reports: history([3, 5], 7, branches),
    }))
    fc.assert(
      fc.property(
        fc.constantFrom(...shapes),
        fc.array(fc.tuple(step, fc.boolean()), { maxLength: 60 }),
        ({ branches, reports }, steps) => {
          let job = newJob(branches)
          const queue = [...reports]
          const take = (event: JobEvent) => {
            const before = job
            try {
              job = apply(job, event).job
            } catch (error) {
              expect(error).toBeInstanceOf(IllegalTransition)
              expect((error as Error).message).toMatch(/\w+/)
              return
            }
            if (job !== before && job.status !== before.status)
              expect(transitions[before.status][event.type]).toContain(job.status)
            if (job.status === 'paused' && job.lanes.length > 0) expect(missingOf(job)).toEqual([])
            if (job.status === 'cancelled' && job.lanes.length > 0) expect(isQuiet(job)).toBe(true)
          }
          for (const [make, moves] of steps) {
            const held = queue[0] && queue[0].type === 'progress' ? heldIn(job, queue[0].report.stage) : false
            if (moves && queue.length > 0 && !held) take(queue.shift()!)
            take(make(job))
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  const heldIn = (job: Job, stage: string) => {
    const phase = phaseOfStage(stage)!
    return job.phases[phase.name].held !== null
  }
})
