import { setTimeout as delay } from 'node:timers/promises'

/**
 * Resolves with what `look` gives, as soon as that is truthy; fails with `what` after the deadline. For states that give
 * no signal.
 */
export const until = async <T>(
  what: string,
  look: () => T | Promise<T>,
  withinMs = 10_000,
  everyMs = 5,
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`)
    await delay(everyMs)
  }
}
