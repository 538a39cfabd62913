import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTurns, type Turn, weightOf } from '../../src/runtime/turns.ts'

const forever = new AbortController().signal
const settled = () => new Promise<void>(resolve => setImmediate(resolve))

/** Lanes that always have work: each takes a turn, uses it for its time by a clock of the test, and asks again. */
const simulate = async (
  lanes: readonly { readonly job: string; readonly weight?: number; readonly ms: number; readonly from?: number }[],
  { atOnce = 1, untilMs = 10_000 } = {},
) => {
  let clock = 0
  let most = 0
  const turns = createTurns(atOnce, () => clock)
  const used = new Map<string, number>()
  const order: string[] = []
  const running: { turn: Turn; lane: (typeof lanes)[number]; ends: number }[] = []
  const ask = (lane: (typeof lanes)[number]) =>
    turns.take({ job: lane.job, weight: lane.weight ?? 1 }, forever).then(turn => {
      running.push({ turn, lane, ends: clock + lane.ms })
      most = Math.max(most, running.length)
      order.push(lane.job)
    })
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

  test('are shared by weight, twice for ten of priority', async () => {
    const { used } = await simulate([
      { job: 'urgent', ms: 10, weight: weightOf(10) },
      { job: 'usual', ms: 10, weight: weightOf(0) },
    ])
    expect(used.get('urgent')! / used.get('usual')!).toBeCloseTo(2, 1)
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

  test('are never more than may be, starve nobody and follow the weights, whatever asks', async () => {
    const lane = fc.record({
      job: fc.constantFrom('a', 'b', 'c'),
      ms: fc.integer({ min: 1, max: 50 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(lane, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        async (lanes, atOnce) => {
          const { used, most } = await simulate(lanes, { atOnce, untilMs: 3_000 })
          expect(most).toBeLessThanOrEqual(atOnce)
          const jobs = new Set(lanes.map(({ job }) => job))
          expect(new Set(used.keys())).toEqual(jobs)
          if (atOnce > 1) return
          const shares = [...used.values()]
          expect(Math.max(...shares) - Math.min(...shares), 'ms between the most and the least').toBeLessThanOrEqual(
            150,
          )
        },
      ),
      { numRuns: 60 },
    )
  })
})
