/** This input never: it goes to the dead letters with its code and message, and the job goes on. */
export class Reject extends Error {
  override readonly name = 'Reject'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Every record would fail like this one (401 from the provider, source gone): the phase fails at once, nothing is rejected. */
export class Fatal extends Error {
  override readonly name = 'Fatal'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Not now (429, an open breaker): burns no attempt; the work waits `retryAfterMs` and shows as waiting. */
export class Wait extends Error {
  override readonly name = 'Wait'
  readonly code: string
  readonly retryAfterMs: number
  constructor(code: string, message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/** The code of an error that carries one, else `unexpected`. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unexpected'

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Codes that say a part is out of reach, not that the work is bad: waited for, without end and without failing the job. */
const unreachable =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|08|53|57P|40001|40P01|25P0|55P03|fenced$|unreachable$|closed$|transaction_failed$)/

/** What node-postgres throws when it loses a connection, or gets none in time: these have no code. */
const connectionLost = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying)/

const deepest = 8

/**
 * True for an error of the broker or the database, or one caused by it, that is gone when they are back: a stage waits,
 * the API asks to come again.
 */
export const isOutOfReach = (error: unknown, depth = 0): boolean =>
  depth < deepest &&
  (unreachable.test(codeOf(error)) ||
    (error instanceof Error && (connectionLost.test(error.message) || isOutOfReach(error.cause, depth + 1))))
