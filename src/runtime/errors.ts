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

/**
 * True for a program's own fault: it carries no code, or one of JavaScript's (`ERR_…`). What a broker, a database or a
 * provider answers has a code that says so, in itself or in its cause, and is no defect.
 */
export const isDefect = (error: unknown): boolean => {
  if (error instanceof Reject || error instanceof Fatal || error instanceof Wait) return false
  if (!(error instanceof Error)) return true
  const code = codeOf(error)
  if (error.name === 'AbortError' || !(code === 'unexpected' || code.startsWith('ERR_'))) return false
  return error.cause === undefined || isDefect(error.cause)
}
