/** The API for programs in TypeScript, over fetch: a method a route, typed by the same table that the server serves. */
import { errorBody, type Mistake } from './contract/errors.ts'
import type { Route } from './contract/route.ts'
import { type AnswerOf, type CallOf, type RouteName, routes } from './contract/routes.ts'

/** Every route but the one that streams: an EventSource reads that. */
export type Client = {
  readonly [N in Exclude<RouteName, 'jobEvents'>]: (call: CallOf<N>, signal?: AbortSignal) => Promise<AnswerOf<N>>
}

/** A call that did not succeed; `status` is 0 when nothing answered. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly status: number
  /** That of the error body; `unreachable`, `timeout` or `not_penstock` when there is none. */
  readonly code: string
  readonly details: unknown
  readonly requestId: string | null
  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: unknown; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.status = status
    this.code = code
    this.details = more.details ?? null
    this.requestId = more.requestId ?? null
  }
  /** What was wrong with the request, with `invalid_request`. */
  get mistakes(): readonly Mistake[] {
    const { mistakes } = (this.details ?? {}) as { mistakes?: readonly Mistake[] }
    return mistakes ?? []
  }
}

export interface ClientOptions {
  /** Milliseconds one call may take; 60,000 unless stated. */
  readonly timeoutMs?: number
}

/** A client of the Penstock at `baseUrl`, such as `http://127.0.0.1:7400`. Nothing is sent before the first call. */
export const createClient = (baseUrl: string, { timeoutMs = 60_000 }: ClientOptions = {}): Client => {
  const methods = Object.entries<Route>(routes).map(([name, route]) => [
    name,
    (call: LooseCall, signal?: AbortSignal) => send(baseUrl, route, call, timeoutMs, signal),
  ])
  return Object.fromEntries(methods) as Client
}

interface LooseCall {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

const send = async (baseUrl: string, route: Route, call: LooseCall, timeoutMs: number, caller?: AbortSignal) => {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = caller === undefined ? timeout : AbortSignal.any([caller, timeout])
  try {
    const response = await fetch(urlOf(baseUrl, route, call), {
      method: route.method,
      headers: {
        Accept: 'application/json',
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal,
    })
    return read(route, response.status, await response.text(), baseUrl)
  } catch (error) {
    if (error instanceof ClientError || caller?.aborted === true) throw error
    if (timeout.aborted)
      throw new ClientError(0, 'timeout', `${baseUrl} did not answer within ${timeoutMs / 1000} s.`, { cause: error })
    throw new ClientError(0, 'unreachable', unreachable(baseUrl), { cause: error })
  }
}

const unreachable = (baseUrl: string) =>
  `No Penstock answers at ${baseUrl}. Start one with \`penstock up\`, or set PENSTOCK_URL or PENSTOCK_PORT.`

const urlOf = (baseUrl: string, route: Route, { params = {}, query = {} }: LooseCall): URL => {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const url = new URL(baseUrl.replace(/\/+$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url
}

const read = (route: Route, status: number, text: string, baseUrl: string): unknown => {
  const body = parsed(text)
  if (route.statuses[status] !== undefined && body !== undefined) return body
  const refused = errorBody.safeParse(body)
  if (!refused.success)
    throw new ClientError(
      status,
      'not_penstock',
      `${baseUrl} answered ${status}, but not as a Penstock does. Check PENSTOCK_URL and PENSTOCK_PORT.`,
    )
  const { code, message, details, request_id } = refused.data.error
  throw new ClientError(status, code, message, { details, requestId: request_id })
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
