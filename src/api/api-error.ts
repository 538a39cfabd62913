import type { ErrorCode } from './contract/error-codes.ts'
import type { Mistake } from './contract/errors.ts'

/** A refusal, as it goes out: the one error shape with its status. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: ErrorCode
  readonly details: unknown
  /** Fields of the body beside `error`. */
  readonly beside: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: ErrorCode, message: string, more: ApiErrorParts = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.status = status
    this.code = code
    this.details = more.details ?? null
    this.beside = more.beside ?? {}
    this.headers = more.headers ?? {}
  }
}

interface ApiErrorParts {
  readonly details?: unknown
  readonly beside?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

export const notFound = (what: string, id: string): ApiError =>
  new ApiError(404, 'not_found', `There is no ${what} '${id}'.`)

/** A page was asked for after something that is none. */
export const noSuchCursor = (what: string): ApiError =>
  invalidRequest([{ path: 'query.after', message: `is no ${what}: give \`next\` of the page before, as it came` }])

export const invalidRequest = (mistakes: readonly Mistake[]): ApiError =>
  new ApiError(
    422,
    'invalid_request',
    mistakes.length === 1
      ? `${mistakes[0]?.path}: ${mistakes[0]?.message}`
      : `${mistakes.length} things are wrong: ${mistakes.map(one => one.path).join(', ')}.`,
    { details: { mistakes } },
  )

/** 503 with Retry-After; `seconds` is rounded up to at least one. */
export const notNow = (code: ErrorCode, message: string, seconds: number, cause?: unknown): ApiError =>
  new ApiError(503, code, message, { headers: { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) }, cause })

/** A name that another tenant has tells nothing of it but that. */
export const taken = (kbId: string): ApiError =>
  new ApiError(409, 'kb_taken', `The name '${kbId}' is taken. Give the knowledge base another one.`)

/** Nothing is done with it any more, but to look at it. */
export const deleting = (kbId: string): ApiError =>
  new ApiError(409, 'kb_deleting', `Knowledge base '${kbId}' is being deleted. Its name is free when it is gone.`)
