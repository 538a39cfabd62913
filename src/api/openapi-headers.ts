/** The headers of requests and answers, as /openapi.json describes them. */
import type { Route } from './contract/route.ts'

type Json = Record<string, unknown>

const integer = { type: 'integer' }
const string = { type: 'string' }

export const answerHeaders = {
  'X-Request-ID': { description: 'That of the request, or one that was made for it.', schema: string },
  'Retry-After': { description: 'Seconds.', schema: integer },
  ETag: { description: 'Goes into If-None-Match.', schema: string },
  Location: { description: 'The path of the job.', schema: string },
} as const satisfies Json

const named = (...names: readonly (keyof typeof answerHeaders)[]): Json =>
  Object.fromEntries(names.map(name => [name, { $ref: `#/components/headers/${name}` }]))

const hasEtag = ({ method, streams }: Route): boolean => method === 'GET' && !streams

/** Those of an answer that is none of an error. */
export const headersOf = (route: Route, status: string): Json =>
  named(
    'X-Request-ID',
    ...(hasEtag(route) ? (['ETag'] as const) : []),
    ...(route.method === 'POST' && status === '202' ? (['Location'] as const) : []),
  )

export const headersOfError = (status: string): Json =>
  named('X-Request-ID', ...(status === '503' || status === '429' ? (['Retry-After'] as const) : []))

export const unchanged = (route: Route): Json =>
  hasEtag(route) ? { 304: { description: 'It is as If-None-Match says.', headers: named('X-Request-ID', 'ETag') } } : {}

export const headerParameters = (route: Route): readonly Json[] => [
  ...(route.idempotent ? [idempotencyKey] : []),
  ...(hasEtag(route) ? [ifNoneMatch] : []),
]

const ifNoneMatch: Json = {
  ...{ name: 'If-None-Match', in: 'header', required: false },
  description: 'The ETag of an answer that the caller has.',
  schema: string,
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Made up by the caller. For a day, the same request with the same key is answered with the job that it was first admitted as.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}
