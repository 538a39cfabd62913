import type { Follower } from '../kafka/broker.ts'
import { createBell } from './bell.ts'

/** A transaction that is open holds back what others have committed after it: for its end nobody waits longer. */
const withinMs = 2_000

/**
 * Waits until a follower has handled what was committed before the call, for two seconds at most. Returns early when the
 * signal aborts, or the follower cannot tell; of its end it tells by itself.
 */
export const readUpTo = async (follower: Pick<Follower, 'caughtUp'>, signal: AbortSignal): Promise<void> => {
  const bell = createBell()
  const read = follower.caughtUp().then(bell.ring, bell.ring)
  await Promise.race([read, bell.wait(withinMs, signal)])
}
