import type { Membership } from '../kafka/broker.ts'
import { SliceError } from './slice-error.ts'

/**
 * A worker that the group may have given up starts nothing: no call, no commit, and least of all a takeover, which would
 * fence the new owner. Throws when it was not heard for half its session.
 */
export const assertHeard = (membership: Pick<Membership, 'silentMs' | 'sessionTimeoutMs'>): void => {
  const silentMs = Math.round(membership.silentMs())
  if (silentMs > membership.sessionTimeoutMs / 2)
    throw new SliceError('line', new Error(`not heard by the group for ${silentMs} ms`))
}
