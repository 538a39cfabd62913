import { setTimeout as after } from 'node:timers/promises'

/** Resolves after so many milliseconds, or at once when the signal aborts; leaves nothing on the signal, which may live for months. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  after(ms, undefined, { signal }).catch(error => {
    if (!signal.aborted) throw error
  })
