import { setImmediate as settled } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Politeness } from '../../../src/sources/fetching/politeness.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A host, and which of its askers started when, in ms since the first could. */
const host = () => {
  const politeness = new Politeness()
  const began = performance.now()
  const started: (readonly [string, number])[] = []
  const ask = async (name: string, intervalMs: number, concurrency = 16, signal = new AbortController().signal) => {
    const leave = await politeness.turn('a.example', { concurrency, intervalMs }, signal)
    started.push([name, Math.round(performance.now() - began)])
    return leave
  }
  return { ask, started, block: (ms: number) => politeness.block('a.example', ms) }
}
const pass = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  await settled()
}

test('each waits its own interval after the last request: a slow one holds no other up', async () => {
  const { ask, started } = host()
  await ask('slow', 100_000)
  void Promise.all([ask('slow', 100_000, 1), ask('quick', 1000), ask('quick', 1000)])
  await pass(3000)
  expect(started).toEqual([
    ['slow', 0],
    ['quick', 1000],
    ['quick', 2000],
  ])
})

test('a slow one has its turn although quick ones ask all the time, and keeps its own interval', async () => {
  const { ask, started } = host()
  await ask('quick', 1000, 30)
  const quick = Array.from({ length: 20 }, () => 'quick')
  const all = ['slow', 'slow', ...quick].map(name => ask(name, name === 'slow' ? 5000 : 1000, 30))
  await pass(30_000)
  await Promise.all(all)
  const times = started.map(([, at]) => at)
  expect(times).toEqual(Array.from({ length: 23 }, (_, i) => i * 1000))
  expect(started.filter(([name]) => name === 'slow').map(([, at]) => at)).toEqual([5000, 10_000])
})

test('a turn that is given up keeps neither its time nor its place', async () => {
  const { ask, started } = host()
  await ask('first', 1000, 1).then(leave => leave())
  const stop = new AbortController()
  const givenUp = [0, 1, 2].map(() => ask('given up', 1000, 1, stop.signal))
  const next = ask('next', 1000, 1)
  stop.abort(new Error('held'))
  for (const one of givenUp) await expect(one).rejects.toThrow('held')
  await pass(1000)
  await next
  expect(started).toEqual([
    ['first', 0],
    ['next', 1000],
  ])
})

test('those that are due start in the order in which they came, so many at once', async () => {
  const { ask, started } = host()
  const leaves = [await ask('a', 0, 2), await ask('b', 0, 2)]
  const waiting = ['c', 'd', 'e'].map(name => ask(name, 0, 2))
  await pass(1000)
  expect(started.map(([name]) => name)).toEqual(['a', 'b'])
  leaves[1]!()
  await pass(0)
  expect(started.map(([name]) => name)).toEqual(['a', 'b', 'c'])
  leaves[0]!()
  const leaveThird = await waiting[0]!
  leaveThird()
  await Promise.all(waiting)
  expect(started.map(([name]) => name)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('who waits already leaves a host alone that asks for it', async () => {
  const { ask, started, block } = host()
  await ask('first', 1000)
  const next = ask('next', 1000)
  block(5000)
  await pass(5000)
  await next
  expect(started.at(-1)).toEqual(['next', 5000])
})
