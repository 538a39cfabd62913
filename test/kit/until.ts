import { setTimeout as delay } from 'node:timers/promises'

/** Resolves when the condition holds; fails with `what` after the deadline. For states that give no signal. */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> => {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`)
    await delay(5)
  }
}
