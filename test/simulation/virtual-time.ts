import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { Waiting } from './actor.ts'
import type { Kernel } from './kernel.ts'

/** What virtual milliseconds are counted from. */
const epochMs = Date.UTC(2026, 0, 1)

const require = createRequire(import.meta.url)
const promises = require('node:timers/promises') as Record<string, unknown>
const crypto = require('node:crypto') as Record<string, unknown>
const RealDate = Date
const RealController = AbortController

class Timer {
  readonly event: Waiting
  constructor(event: Waiting) {
    this.event = event
  }
  ref() {
    return this
  }
  unref() {
    return this
  }
  hasRef() {
    return true
  }
}

type Callback = (...values: unknown[]) => void

/**
 * Puts the kernel's clock and chance in the place of those of the machine, for everything in this thread, and gives back
 * the way to undo it. A timer is an event of whoever set it, so it dies and freezes with its process.
 */
export const useVirtualTime = (kernel: Kernel): (() => Promise<void>) => {
  const own = (ms: number, work: () => void) =>
    kernel.post(kernel.current, kernel.now + Math.max(0.01, Number(ms) || 0), 'timer', '', work)
  const set = (work: Callback, ms = 0, ...values: unknown[]) => new Timer(own(Math.max(1, ms), () => work(...values)))
  const soon = (work: Callback, ...values: unknown[]) => new Timer(own(0, () => work(...values)))
  const clear = (timer?: Timer) => {
    if (timer) timer.event.cancelled = true
  }
  const sleep = (ms: number, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      const aborted = () =>
        reject(new DOMException('The operation was aborted', { name: 'AbortError', cause: signal!.reason }))
      if (signal?.aborted) return aborted()
      const abort = () => {
        event.cancelled = true
        aborted()
      }
      const event = own(Math.max(1, ms), () => {
        signal?.removeEventListener('abort', abort)
        resolve(value)
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  class VirtualDate extends RealDate {
    constructor(...values: unknown[]) {
      if (values.length === 0) super(VirtualDate.now())
      else super(...(values as []))
    }
    static override now() {
      return epochMs + Math.floor(kernel.now)
    }
  }
  const controllers: AbortController[] = []
  class OwnController extends RealController {
    constructor() {
      super()
      controllers.push(this)
    }
  }
  let ids = 0
  const uuid = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`

  const undo = [
    replace(globalThis, {
      setTimeout: set,
      clearTimeout: clear,
      setImmediate: soon,
      clearImmediate: clear,
      Date: VirtualDate,
      AbortController: OwnController,
    }),
    replace(performance, { now: () => kernel.now }),
    replace(Math, { random: kernel.random }),
    replace(promises, { setTimeout: sleep, setImmediate: (value?: unknown) => sleep(0, value) }),
    replace(crypto, { randomUUID: uuid }),
  ]
  syncBuiltinESMExports()
  return async () => {
    // Node keeps every combined signal that somebody listens to until it aborts, and with it all of its world.
    for (const controller of controllers) controller.abort()
    await new Promise<void>(resolve => queueMicrotask(() => process.nextTick(resolve)))
    for (const one of undo) one()
    syncBuiltinESMExports()
  }
}

const replace = (object: object, values: Record<string, unknown>): (() => void) => {
  const before = Object.keys(values).map(key => [key, Object.getOwnPropertyDescriptor(object, key)] as const)
  for (const [key, value] of Object.entries(values))
    Object.defineProperty(object, key, { value, configurable: true, writable: true, enumerable: true })
  return () => {
    for (const [key, descriptor] of before)
      if (descriptor) Object.defineProperty(object, key, descriptor)
      else Reflect.deleteProperty(object, key)
  }
}
