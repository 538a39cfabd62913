import type { z } from 'zod'

/** One entry of the table of routes. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `{name}` for what `params` describes. */
  readonly path: string
  readonly tag: 'ingestion' | 'dead letters' | 'knowledge bases' | 'uploads' | 'search' | 'keys' | 'service'
  readonly summary: string
  readonly params?: z.ZodObject
  /** The last parameter takes all that is left of the path, each '/' of it too. */
  readonly pathRest?: true
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  /** The body is the bytes of a file, of any type and any length that the handler takes. */
  readonly octets?: true
  readonly answer: z.ZodType
  /** The body may be left out: all of its fields may. */
  readonly bodyOptional?: true
  /** Milliseconds that clients wait for the answer; a minute unless stated. */
  readonly timeoutMs?: number
  /** Takes an Idempotency-Key: with it, a request that comes again is not carried out again. */
  readonly idempotent?: true
  /** Server-sent events, with `answer` as the data of each; the connection stays open. */
  readonly streams?: true
  /** Statuses that carry `answer`, each with when. */
  readonly statuses: Readonly<Record<number, string>>
  /** Statuses that carry an error body, each with when; 500 and the refusals of HTTP itself go without saying. */
  readonly errors: Readonly<Record<number, string>>
}

export const route = <const R extends Route>(declared: R): R => Object.freeze(declared)

export const invalid = { 422: 'Something in it is wrong; every mistake is named with its path.' } as const

/** Of what is read while the caller waits, of which so much goes on at once. */
export const busy = {
  503: 'The source, or too many previews, checks and comparisons at once, want to be asked later; Retry-After says when.',
} as const

export const noJob = { 404: 'There is no such job.' } as const

export const noKb = { 404: 'There is no such knowledge base.' } as const
