import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { askerOf, weightOf } from '../../src/runtime/asker.ts'
import { createTurns, type Turn } from '../../src/runtime/turns.ts'
import { laneJob } from '../kit/line.ts'

const forever = new AbortController().signal
const settled = () => new Promise<void>(resolve => setImmediate(resolve))

/** `once` asks as another job each time. */
type Lane = Readonly<{ job: string; weight?: number; most?: number; ms: number; from?: number; once?: boolean }>

/** Lanes that always have work: each takes a turn, uses it for its time by a clock of the test, and asks again. */
const simulate = async (lanes: readonly Lane[], { atOnce = 1, untilMs = 10_000, oneEach = false } = {}) => {
  let clock = 0
  let most = 0
  let asked = 0
  const turns = createTurns(atOnce, { oneEach, now: () => clock })
  const used = new Map<string, number>()
  const order: string[] = []
  const running: { turn: Turn; lane: Lane; ends: number }[] = []
  const ask = (lane: Lane) => {
    const job = lane.once ? `${lane.job} ${++asked}` : lane.job
    const { weight = 1, most: mine = Number.POSITIVE_INFINITY } = lane
    return turns.take({ job, weight, most: mine }, forever).then(turn => {
      running.push({ turn, lane, ends: clock + lane.ms })
      most = Math.max(most, running.length)
      order.push(lane.job)
    })
  }
  const late = lanes.filter(({ from = 0 }) => from > 0)
  for (const lane of lanes) if (!late.includes(lane)) void ask(lane)
  while (clock < untilMs) {
    await settled()
    const next = running.sort((a, b) => a.ends - b.ends).shift()
    if (!next) break
    clock = next.ends
    used.set(next.lane.job, (used.get(next.lane.job) ?? 0) + next.lane.ms)
    next.turn.end()
    void ask(next.lane)
    for (const lane of late.filter(({ from = 0 }) => from <= clock)) {
      late.splice(late.indexOf(lane), 1)
      void ask(lane)
    }
  }
  return { used, order, most }
}

describe('turns', () => {
  test('are shared by job and not by lane', async () => {
    const big = Array.from({ length: 4 }, () => ({ job: 'big', ms: 10 }))
    const { used } = await simulate([...big, { job: 'small', ms: 10 }])
    expect(used.get('small')! / used.get('big')!).toBeCloseTo(1, 1)
  })

  test('are shared by time and not by number', async () => {
    const { used } = await simulate([
      { job: 'long', ms: 100 },
      { job: 'short', ms: 10 },
    ])
    expect(used.get('short')! / used.get('long')!).toBeCloseTo(1, 1)
  })

  test('are shared by weight, twice for twenty of priority', async () => {
    const { used } = await simulate([
      { job: 'urgent', ms: 10, weight: weightOf(20) },
      { job: 'usual', ms: 10, weight: weightOf(0) },
    ])
    expect(used.get('urgent')! / used.get('usual')!).toBeCloseTo(2, 1)
  })

  test('of a job that computes are one at once, and leave room for others', async () => {
    const { most, used } = await simulate(
      Array.from({ length: 4 }, () => ({ job: 'big', ms: 10, most: 1 })),
      { atOnce: 4 },
    )
    expect(most).toBe(1)
    expect(used.get('big')).toBeGreaterThan(9_000)
    expect(askerOf({ computes: () => true }, laneJob()).most).toBe(1)
    expect(askerOf({}, laneJob())).toEqual({ job: laneJob().job_id, weight: 1 })
  })

  test('go at once to a job that has none, where each may have one', async () => {
    const big = Array.from({ length: 4 }, () => ({ job: 'big', ms: 1_000 }))
    const { most, used } = await simulate([...big, { job: 'small', ms: 10, from: 5_000 }], { atOnce: 4, oneEach: true })
    expect(most).toBe(5)
    expect(used.get('small'), 'ms of the 5,000 that it was there').toBeGreaterThan(4_900)
  })

  test('go at once to a job that comes late, which has no credit for having been away', async () => {
    const { order, used } = await simulate(
      [
        { job: 'old', ms: 10 },
        { job: 'new', ms: 10, from: 5_000 },
      ],
      { untilMs: 6_000 },
    )
    expect(order.indexOf('new')).toBeLessThanOrEqual(502)
    expect(used.get('new')! / 1_000).toBeCloseTo(0.5, 1)
  })

  test('of a job with one lane are not lost to one with more lanes than may run at once', async () => {
    const big = Array.from({ length: 8 }, () => ({ job: 'big', ms: 1_000 }))
    const { used } = await simulate([...big, { job: 'small', ms: 100 }], { atOnce: 4, untilMs: 20_000 })
    expect(used.get('small')!, 'ms of the 20,000 that one lane can use').toBeGreaterThan(15_000)
  })

  test('count while they last: a long one is no credit for other lanes of its job', async () => {
    const { order } = await simulate(
      [
        { job: 'long', ms: 60_000 },
        { job: 'short', ms: 1_000 },
        { job: 'long', ms: 1_000, from: 30_000 },
      ],
      { atOnce: 2, untilMs: 59_000 },
    )
    expect(order.filter(job => job === 'short').length).toBeGreaterThan(50)
  })

  test('that a job had no lanes for are no credit when it gets lanes', async () => {
    const eight = (job: string, from = 0) => Array.from({ length: 8 }, () => ({ job, ms: 100, from }))
    const lanes = [...eight('big'), { job: 'grows', ms: 100 }, ...eight('grows', 20_000)]
    const { order } = await simulate(lanes, { atOnce: 4, untilMs: 25_000 })
    expect(order.slice(-100).filter(job => job === 'big').length, 'of the last 100').toBeGreaterThan(40)
  })

  test('are left for an old job beside ever new ones', async () => {
    const fresh = Array.from({ length: 2 }, () => ({ job: 'new', ms: 100, once: true }))
    const { used } = await simulate([{ job: 'old', ms: 100 }, ...fresh])
    const all = [...used.values()].reduce((sum, ms) => sum + ms, 0)
    expect(used.get('old')! / all, 'of three that want turns').toBeGreaterThan(0.2)
  })

  test('of lanes of one job go round', async () => {
    const turns = createTurns(1)
    const order: number[] = []
    const lane = async (n: number) => {
      for (let i = 0; i < 3; i++) {
        const turn = await turns.take({ job: 'j', weight: 1 }, forever)
        order.push(n)
        turn.end()
      }
    }
    await Promise.all([lane(0), lane(1), lane(2)])
    expect(order).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2])
  })

  test('that are no longer wanted leave the queue with the reason, and hold nobody up', async () => {
    const turns = createTurns(1)
    const first = await turns.take({ job: 'a', weight: 1 }, forever)
    const controller = new AbortController()
    const given = turns.take({ job: 'b', weight: 1 }, controller.signal)
    const next = turns.take({ job: 'c', weight: 1 }, forever)
    const reason = new Error('held')
    controller.abort(reason)
    await expect(given).rejects.toBe(reason)
    await expect(turns.take({ job: 'b', weight: 1 }, controller.signal)).rejects.toBe(reason)
    first.end()
    first.end()
    ;(await next).end()
  })

  test('are shared by weight, never more than may be, and come to all or end with the reason, whatever asks', async () => {
    const lane = fc.record({
      job: fc.constantFrom('a', 'b', 'c'),
      ms: fc.integer({ min: 1, max: 50 }),
    })
    const weights = fc.record({ a: fc.constantFrom(0.5, 1, 4), b: fc.constantFrom(0.5, 1, 4), c: fc.constant(1) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(lane, { minLength: 1, maxLength: 8 }),
        weights,
        fc.integer({ min: 1, max: 3 }),
        async (lanes, weightBy, atOnce) => {
          const weighted = lanes.map(one => ({ ...one, weight: weightBy[one.job] }))
          const { used, most } = await simulate(weighted, { atOnce, untilMs: 3_000 })
          expect(most).toBeLessThanOrEqual(atOnce)
          expect(new Set(used.keys()), 'all had some').toEqual(new Set(lanes.map(({ job }) => job)))
          if (atOnce > 1) return
          // Goyal et al., theorem 1: two that always want differ by a slice of each at most, each by its weight.
          const had = [...used].map(([job, ms]) => ms / weightBy[job as 'a'])
          expect(Math.max(...had) - Math.min(...had), 'weighted ms between the most and the least').toBeLessThanOrEqual(
            200,
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  test('all come or end with the reason when some are given up, and those of one job in the order asked', async () => {
    const ask = fc.record({ job: fc.constantFrom('a', 'b', 'c'), given: fc.boolean(), uses: fc.nat({ max: 3 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(ask, { maxLength: 20 }), fc.integer({ min: 1, max: 3 }), async (asks, atOnce) => {
        const turns = createTurns(atOnce)
        let running = 0
        const came = new Map<string, number[]>()
        const outcomes = asks.map(async ({ job, given, uses }, i) => {
          const controller = new AbortController()
          const taking = turns.take({ job, weight: 1 }, controller.signal)
          if (given) controller.abort(i)
          const turn = await taking
          came.set(job, [...(came.get(job) ?? []), i])
          expect(++running).toBeLessThanOrEqual(atOnce)
          for (let n = 0; n < uses; n++) await settled()
          running--
          turn.end()
          turn.end()
        })
        for (const [i, outcome] of (await Promise.allSettled(outcomes)).entries())
          if (outcome.status === 'rejected') expect([asks[i]!.given, outcome.reason]).toEqual([true, i])
        for (const order of came.values()) expect(order).toEqual(order.toSorted((a, b) => a - b))
        for (const turn of await Promise.all(
          Array.from({ length: atOnce }, () => turns.take({ job: 'z', weight: 1 }, forever)),
        ))
          turn.end()
      }),
      { numRuns: 100 },
    )
  })
})
