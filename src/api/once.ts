import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Once } from '../coordinator/jobs.ts'
import { invalidRequest } from './api-error.ts'

const header = 'Idempotency-Key'

/** By what a request is known again, if it says that it may come again: what it asks for, however it was written. */
export const onceOf = ({ headers, method, routeOptions, params, body }: FastifyRequest): Once | null => {
  const key = headers[header.toLowerCase()]
  if (key === undefined) return null
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw invalidRequest([{ path: header, message: 'must be 1 to 255 printable characters without spaces' }])
  const asked = JSON.stringify([method, routeOptions.url, sorted(params), sorted(body)])
  return { key, digest: hash('sha256', asked) }
}

/** The order of fields means nothing. */
const sorted = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]))
}
