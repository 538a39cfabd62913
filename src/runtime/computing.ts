import { setImmediate } from 'node:timers/promises'
import type { Asker, Turn, Turns } from './turns.ts'

/**
 * Called between pieces of computing of a few ms each: from time to time it lets heartbeats, signals and the slices of
 * other jobs have the thread. Throws when the work is to end.
 */
export type Rest = () => Promise<void>

/** The computing of one slice. */
export interface Computing {
  readonly rest: Rest
  /** The slice computes no more. */
  end(): void
}

/** Milliseconds that a slice may compute before others have their turn: what waits for a few answers waits as often. */
const longestMs = 8

/**
 * Gives the one thread of a process to the slices that compute, job by job, a few ms each: else a job with many slices under
 * way would get as many times the share of one that has a single one.
 */
export const computing = (turns: Turns, asker: Asker, signal: AbortSignal): Computing => {
  let turn: Turn | null = null
  let since = performance.now()
  const end = () => {
    turn?.end()
    turn = null
  }
  return {
    async rest() {
      if (performance.now() - since < longestMs) return
      end()
      turn = await turns.take(asker, signal)
      await setImmediate()
      signal.throwIfAborted()
      since = performance.now()
    },
    end,
  }
}
