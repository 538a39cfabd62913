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

/** Causes of causes that are looked at. */
const deepest = 8

/**
 * True for a program's own fault: it carries no code, or one of JavaScript's (`ERR_…`). What a broker, a database or a
 * provider answers has a code that says so, in itself or in its cause, and is no defect.
 */
export const isDefect = (error: unknown, depth = 0): boolean => {
  if (error instanceof Reject || error instanceof Fatal || error instanceof Wait || isOutOfReach(error)) return false
  if (!(error instanceof Error)) return true
  const code = codeOf(error)
  if (error.name === 'AbortError' || !(code === 'unexpected' || code.startsWith('ERR_'))) return false
  return error.cause === undefined || depth === deepest || isDefect(error.cause, depth + 1)
}

/** Codes that say a part is out of reach, or no longer lets us in, not that the work is bad: waited for, without end and without failing the job. */
const unreachable =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|08|53|57P|40001|40P01|25P0|55P03|fenced$|unreachable$|closed$|transaction_failed$|authentication_failed$|untrusted_certificate$|tls_mismatch$)/

/** What node-postgres throws when it loses a connection, or gets none in time: these have no code. */
const connectionLost = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying)/

/**
 * True for an error of the broker or the database, or one caused by it, that is gone when they are back: a stage waits,
 * the API asks to come again.
 */
export const isOutOfReach = (error: unknown, depth = 0): boolean =>
  depth < deepest &&
  (unreachable.test(codeOf(error)) ||
    (error instanceof Error && (connectionLost.test(error.message) || isOutOfReach(error.cause, depth + 1))))
