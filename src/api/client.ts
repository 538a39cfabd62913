/** The API for programs in TypeScript, over fetch: a method a route, typed by the same table that the server serves. */
import { eventsIn } from './client-events.ts'
import { errorBody, type Mistake } from './contract/errors.ts'
import type { Route } from './contract/route.ts'
import { type AnswerOf, type CallOf, type RouteName, type Routes, routes } from './contract/routes.ts'

/**
 * A method a route. One that streams gives its events one by one, and ends after the last; when the connection is lost
 * before, it throws `unreachable`, and whoever wants more calls again. One that reads takes `ifNoneMatch` too, the ETag of
 * an answer that the caller has, or null for the first: then its answer is an `IfChanged`.
 */
export type Client = {
  readonly [N in RouteName]: Routes[N] extends { readonly method: 'GET' }
    ? Routes[N] extends { readonly streams: true }
      ? Method<N>
      : Conditional<N> & Method<N>
    : Method<N>
}
type Method<N extends RouteName> = (call: CallOf<N>, signal?: AbortSignal) => Answered<N>
type Conditional<N extends RouteName> = (
  call: CallOf<N> & { readonly ifNoneMatch: string | null },
  signal?: AbortSignal,
) => Promise<IfChanged<AnswerOf<N>>>
/** What there is now with its ETag, which goes into `ifNoneMatch`; or that it is as the caller has it. */
export type IfChanged<T> =
  | { readonly changed: true; readonly etag: string | null; readonly answer: T }
  | { readonly changed: false; readonly etag: string }
type Answered<N extends RouteName> = Routes[N] extends { readonly streams: true }
  ? AsyncGenerator<AnswerOf<N>, void>
  : Promise<AnswerOf<N>>

/** A call that did not succeed; `status` is 0 when nothing answered. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly status: number
  /** That of the error body; `unreachable`, `timeout` or `not_penstock` when there is none. */
  readonly code: string
  readonly details: unknown
  readonly requestId: string | null
  /** After how many seconds to ask again, where the answer says so. */
  readonly retryAfterSeconds: number | null
  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: unknown; requestId?: string; retryAfterSeconds?: number | null; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.status = status
    this.code = code
    this.details = more.details ?? null
    this.requestId = more.requestId ?? null
    this.retryAfterSeconds = more.retryAfterSeconds ?? null
  }
  /** What was wrong with the request, with `invalid_request`. */
  get mistakes(): readonly Mistake[] {
    const { mistakes } = (this.details ?? {}) as { mistakes?: readonly Mistake[] }
    return mistakes ?? []
  }
}

export interface ClientOptions {
  /** Milliseconds one call may take, a stream until it begins; 60,000 unless stated, and more for long routes. */
  readonly timeoutMs?: number
  /** Shown with each call; needed where the API does not listen on loopback. */
  readonly apiKey?: string | undefined
}

/** A client of the Penstock at `baseUrl`, such as `http://127.0.0.1:7400`. Nothing is sent before the first call. */
export const createClient = (baseUrl: string, { timeoutMs, apiKey }: ClientOptions = {}): Client => {
  const base: Base = { url: baseUrl, headers: apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` } }
  const methods = Object.entries<Route>(routes).map(([name, route]) => {
    const ms = timeoutMs ?? route.timeoutMs ?? 60_000
    return [
      name,
      (call: LooseCall, signal?: AbortSignal) =>
        route.streams ? stream(base, route, call, ms, signal) : send(base, route, call, ms, signal),
    ]
  })
  return Object.fromEntries(methods) as Client
}

/** Where calls go, and what goes with each. */
interface Base {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

interface LooseCall {
  readonly idempotencyKey?: string
  readonly ifNoneMatch?: string | null
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  /** The bytes of a route that takes a file. */
  readonly octets?: ReadableStream<Uint8Array> | Blob
}

const send = async (base: Base, route: Route, call: LooseCall, timeoutMs: number, caller?: AbortSignal) => {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = caller === undefined ? timeout : AbortSignal.any([caller, timeout])
  try {
    const response = await ask(base, route, call, signal)
    const text = await response.text()
    const { ifNoneMatch } = call
    if (ifNoneMatch === undefined) return read(route, response, text, base.url)
    const etag = response.headers.get('ETag')
    if (response.status === 304 && ifNoneMatch !== null) return { changed: false, etag: etag ?? ifNoneMatch }
    return { changed: true, etag, answer: read(route, response, text, base.url) }
  } catch (error) {
    throw explained(error, base.url, timeoutMs, timeout, caller)
  }
}

async function* stream(base: Base, route: Route, call: LooseCall, timeoutMs: number, caller?: AbortSignal) {
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), timeoutMs)
  try {
    const signal = caller === undefined ? timeout.signal : AbortSignal.any([caller, timeout.signal])
    const response = await ask(base, route, call, signal)
    if (route.statuses[response.status] === undefined || response.body === null)
      return void read(route, response, await response.text(), base.url)
    clearTimeout(timer)
    yield* eventsIn(response.body)
  } catch (error) {
    throw explained(error, base.url, timeoutMs, timeout.signal, caller)
  } finally {
    clearTimeout(timer)
  }
}

const ask = (base: Base, route: Route, call: LooseCall, signal: AbortSignal): Promise<Response> =>
  fetch(urlOf(base.url, route, call), {
    method: route.method,
    headers: {
      ...base.headers,
      ...(call.idempotencyKey === undefined ? {} : { 'Idempotency-Key': call.idempotencyKey }),
      ...(typeof call.ifNoneMatch === 'string' ? { 'If-None-Match': call.ifNoneMatch } : {}),
      Accept: route.streams ? 'text/event-stream' : 'application/json',
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.octets === undefined ? {} : { body: call.octets, duplex: 'half' }),
    signal,
  })

/** What is thrown for what went wrong: a caller that gave up gets its own reason. */
const explained = (error: unknown, baseUrl: string, timeoutMs: number, timeout: AbortSignal, caller?: AbortSignal) => {
  if (error instanceof ClientError || caller?.aborted === true) return error
  return timeout.aborted
    ? new ClientError(0, 'timeout', `${baseUrl} did not answer within ${timeoutMs / 1000} s.`, { cause: error })
    : new ClientError(0, 'unreachable', unreachable(baseUrl), { cause: error })
}

const unreachable = (baseUrl: string) =>
  `No Penstock answers at ${baseUrl}. Start one with \`penstock up\`, or set PENSTOCK_URL or PENSTOCK_PORT.`

const urlOf = (baseUrl: string, route: Route, { params = {}, query = {} }: LooseCall): URL => {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(params[name])).replace(/%2F/g, route.pathRest ? '/' : '%2F'),
  )
  const url = new URL(baseUrl.replace(/\/+$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url
}

const read = (route: Route, { status, headers }: Response, text: string, baseUrl: string): unknown => {
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
  throw new ClientError(status, code, message, {
    details,
    requestId: request_id,
    retryAfterSeconds: secondsOf(headers),
  })
}

const secondsOf = (headers: Headers): number | null => {
  const seconds = headers.get('Retry-After')
  return seconds !== null && /^\d+$/.test(seconds) ? Number(seconds) : null
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
