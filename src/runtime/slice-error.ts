import { messageOf } from './errors.ts'
import type { Origin } from './retry.ts'

/** An error of a slice with whose it was; the lane's retry depends on it. */
export class SliceError extends Error {
  override readonly name = 'SliceError'
  readonly origin: Origin
  constructor(origin: Origin, cause: unknown) {
    super(messageOf(cause), { cause })
    this.origin = origin
  }
}
