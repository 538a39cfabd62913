import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { sleep } from '../../../src/kafka/kafkajs/sleep.ts'

const listening = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

test('a sleep leaves nothing on its signal when its time is over', async () => {
  const { signal } = new AbortController()
  const sleeping = sleep(1, signal)
  expect(listening(signal)).toBe(1)
  await sleeping
  expect(listening(signal)).toBe(0)
})

test('an abort ends a sleep, and one that begins after it', async () => {
  const controller = new AbortController()
  const sleeping = sleep(2 ** 30, controller.signal)
  controller.abort()
  await sleeping
  await sleep(2 ** 30, controller.signal)
  expect(listening(controller.signal)).toBe(0)
})
