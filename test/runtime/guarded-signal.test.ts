import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { guardedSignal } from '../../src/runtime/guarded-signal.ts'

test('a guarded signal aborts with the one it guards, and with its reason', () => {
  const controller = new AbortController()
  const { signal } = guardedSignal(controller.signal, () => undefined)
  signal.throwIfAborted()
  const reason = new Error('held')
  controller.abort(reason)
  expect(signal.aborted).toBe(true)
  expect(() => signal.throwIfAborted()).toThrow(reason)
})

test('what its check throws when it is asked aborts it, for everyone who listens', () => {
  let gone = false
  const reason = new Error('not heard')
  const { signal } = guardedSignal(new AbortController().signal, () => {
    if (gone) throw reason
  })
  const heard: unknown[] = []
  signal.addEventListener('abort', () => heard.push(signal.reason))
  signal.throwIfAborted()
  gone = true
  expect(signal.aborted).toBe(false)
  expect(() => signal.throwIfAborted()).toThrow(reason)
  expect(heard).toEqual([reason])
})

test('a guarded signal that has ended is let go, although a client still listens to it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const lane = new AbortController().signal
  const used = () => {
    const { signal, end } = guardedSignal(lane, () => undefined)
    signal.addEventListener('abort', () => undefined)
    end()
    return new WeakRef(signal)
  }
  const refs = Array.from({ length: 100 }, used)
  await new Promise(resolve => setImmediate(resolve))
  collect()
  expect(refs.filter(ref => ref.deref() !== undefined).length).toBeLessThan(5)
})
