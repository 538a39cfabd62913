import { setTimeout as after } from 'node:timers/promises'

/** Waits, or returns early when the signal aborts. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  after(ms, undefined, { signal }).catch(error => {
    if (!signal.aborted) throw error
  })

/** A wait that can be ended early; a ring while nobody waits ends the next wait at once. */
export interface Bell {
  ring(): void
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export const createBell = (): Bell => {
  let rung = new AbortController()
  return {
    ring: () => rung.abort(),
    async wait(ms, signal) {
      await sleep(ms, AbortSignal.any([signal, rung.signal]))
      if (rung.signal.aborted) rung = new AbortController()
    },
  }
}
