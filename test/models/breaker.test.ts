import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { breaking } from '../../src/models/breaker.ts'
import type { BreakerState } from '../../src/models/meter.ts'
import { ProviderError } from '../../src/models/provider-error.ts'
import { Fatal, Reject, Wait } from '../../src/runtime/errors.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => vi.useRealTimers())

const signal = new AbortController().signal
const down = new ProviderError('provider_503', 'It failed (503).')

const provider = () => {
  const asked = { times: 0, answer: () => Promise.resolve([new Float32Array([1])]) as Promise<Float32Array[]> }
  const one = () => {
    asked.times++
    return asked.answer()
  }
  let state = (): BreakerState => 'closed'
  const send = breaking(one, {
    who: 'The provider',
    watched: look => {
      state = look
    },
  })
  return {
    asked,
    state: () => state(),
    ask: () => send(['text'], signal),
    wait: async () => (await send(['text'], signal).catch(e => e)) as Wait,
  }
}

test('a provider that failed five times in a row is left alone for a while, and that is waiting and no failure', async () => {
  const { asked, ask, wait } = provider()
  asked.answer = () => Promise.reject(down)
  for (let i = 0; i < 5; i++) await expect(ask()).rejects.toBe(down)
  const waits = await wait()
  expect(waits).toBeInstanceOf(Wait)
  expect(waits).toMatchObject({ code: 'breaker_open', retryAfterMs: 2_000 })
  expect(waits.message).toBe('The provider failed 5 times in a row and is left alone. The last time: It failed (503).')
  expect(asked.times).toBe(5)
})

test('then one request tries it while the others wait, and rests grow until it answers', async () => {
  const { asked, ask, wait } = provider()
  asked.answer = () => Promise.reject(down)
  for (let i = 0; i < 5; i++) await ask().catch(() => undefined)
  for (const rest of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    expect((await wait()).retryAfterMs).toBe(rest)
    vi.advanceTimersByTime(rest)
    await expect(ask()).rejects.toBe(down)
  }
  vi.advanceTimersByTime(60_000)
  const { promise, resolve } = Promise.withResolvers<Float32Array[]>()
  asked.answer = () => promise
  const trying = ask()
  const before = asked.times
  expect(await wait()).toMatchObject({ code: 'breaker_open', retryAfterMs: 1_000 })
  expect(asked.times).toBe(before)
  resolve([])
  expect(await trying).toEqual([])
  asked.answer = () => Promise.resolve([])
  expect(await ask()).toEqual([])
})

test('failures with an answer between them, refusals and limits do not count', async () => {
  const { asked, ask } = provider()
  for (let i = 0; i < 20; i++) {
    asked.answer = () => (i % 5 === 4 ? Promise.resolve([]) : Promise.reject(down))
    await ask().catch(() => undefined)
  }
  for (const error of [new Reject('a', 'a'), new Fatal('b', 'b'), new Wait('c', 'c', 1)]) {
    asked.answer = () => Promise.reject(error)
    for (let i = 0; i < 6; i++) await expect(ask()).rejects.toBe(error)
  }
})

test('it is said to be left alone until its rest is over, then to be tried, though nobody has anything to ask', async () => {
  const { asked, ask, state } = provider()
  expect(state()).toBe('closed')
  asked.answer = () => Promise.reject(down)
  for (let i = 0; i < 5; i++) await ask().catch(() => undefined)
  vi.advanceTimersByTime(1_999)
  expect(state()).toBe('open')
  vi.advanceTimersByTime(1)
  expect(state()).toBe('trying')
  await ask().catch(() => undefined)
  expect(state()).toBe('open')
  vi.advanceTimersByTime(4_000)
  asked.answer = () => Promise.resolve([])
  await ask()
  expect(state()).toBe('closed')
})
