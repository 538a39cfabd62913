import { type Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { codeOf } from '../../runtime/errors.ts'
import { inSpan } from '../../telemetry/spans.ts'
import { acceptedEncodings, type BodyLimits, bodyOf } from './body.ts'
import { Failed, failed } from './failure.ts'
import type { Guard } from './guard.ts'

export interface ExchangeOptions {
  readonly url: URL
  readonly guard: Guard
  readonly agents: { readonly http: Agent; readonly https: Agent }
  readonly headers: Readonly<Record<string, string>>
  /** Sent as the body of a POST, of a question that changes nothing; a GET without. */
  readonly json?: string
  /** Of the body, once the head of the answer is known: null to leave it unread. Throws Failed to refuse the answer. */
  readonly wanted: (answer: Head) => BodyLimits | null
  /** In ms, for the whole and without a sign of the server. */
  readonly timeoutMs: number
  readonly idleMs: number
  readonly signal: AbortSignal
}

/** What comes before the body. */
export interface Head {
  readonly status: number
  readonly headers: IncomingMessage['headers']
}

export interface Answer extends Head {
  /** Empty where it was not wanted. */
  readonly body: Buffer
}

/** The head of an answer has at most so many bytes. */
const maxHeaderSize = 32 * 1024

/** One request and its answer: no redirect is followed. Throws Failed, and the signal's reason when that aborts. */
export const exchange = (options: ExchangeOptions): Promise<Answer> => {
  const { url, json } = options
  const method = json === undefined ? 'GET' : 'POST'
  // The query may have what nobody else should see.
  const about = { 'http.request.method': method, 'server.address': url.hostname, 'url.full': url.origin + url.pathname }
  return inSpan(method, about, async span => {
    const answer = await exchanged(options)
    span.set({ 'http.response.status_code': answer.status })
    return answer
  })
}

const exchanged = async (options: ExchangeOptions): Promise<Answer> => {
  const { url, guard, signal, timeoutMs, idleMs } = options
  signal.throwIfAborted()
  guard.check(url)
  const late = new AbortController()
  const whole = setTimeout(() => late.abort(), timeoutMs)
  const idle = setTimeout(() => late.abort(), idleMs)
  const both = AbortSignal.any([signal, late.signal])
  try {
    for (let reused = true; ; reused = false) {
      const sent = send(options, both)
      try {
        const response = await sent.response
        idle.refresh()
        const head = { status: response.statusCode ?? 0, headers: response.headers }
        const limits = options.wanted(head)
        const body = limits === null ? Buffer.alloc(0) : await bodyOf(response, url, limits, () => void idle.refresh())
        // A redirect may have a body of any size, and then the connection is not kept.
        if (limits === null && head.status === 304) response.resume()
        else if (limits === null) response.destroy()
        return { ...head, body }
      } catch (error) {
        sent.end()
        // A connection that was kept may have been closed while nobody looked: that says nothing of this request.
        if (reused && sent.wasReused() && codeOf(error) === 'ECONNRESET' && !both.aborted) continue
        signal.throwIfAborted()
        throw late.signal.aborted ? tooLate(url, { timeoutMs, idleMs }) : failureOf(url, error)
      }
    }
  } finally {
    clearTimeout(whole)
    clearTimeout(idle)
  }
}

const send = ({ url, guard, agents, headers, json }: ExchangeOptions, signal: AbortSignal) => {
  const secure = url.protocol === 'https:'
  const options: RequestOptions = {
    agent: secure ? agents.https : agents.http,
    lookup: guard.lookupFor(url),
    method: json === undefined ? 'GET' : 'POST',
    headers: { ...headers, 'accept-encoding': acceptedEncodings, ...(json === undefined ? {} : bodyHeaders(json)) },
    maxHeaderSize,
    signal,
  }
  const request = secure ? httpsRequest(url, options) : httpRequest(url, options)
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject)
  })
  request.end(json)
  return { response, end: () => request.destroy(), wasReused: () => request.reusedSocket }
}

const bodyHeaders = (json: string) => ({
  'content-type': 'application/json',
  'content-length': String(Buffer.byteLength(json)),
})

const tooLate = (url: URL, { timeoutMs, idleMs }: Pick<ExchangeOptions, 'timeoutMs' | 'idleMs'>) =>
  failed(
    'timeout',
    `${url.href} took longer than ${timeoutMs / 1000} s in all, or was silent for ${idleMs / 1000} s.`,
    { retryable: true },
  )

/** The system's words name the address, so they stay in the cause. */
const failureOf = (url: URL, error: unknown): Failed => {
  if (error instanceof Failed) return error
  const code = codeOf(error)
  if (code === 'unexpected') throw error
  const options = { cause: error }
  if (code === 'HPE_HEADER_OVERFLOW')
    return failed(
      'headers_too_large',
      `${url.href} answered with more than ${maxHeaderSize} bytes of headers.`,
      {},
      options,
    )
  if (code.startsWith('HPE_'))
    return failed('bad_response', `${url.href} answered with what is not HTTP.`, { retryable: true }, options)
  if (/^Z_|^ERR__ERROR_|^ERR_BROTLI|^ZSTD_|^ERR_ZSTD/.test(code))
    return failed('bad_encoding', `The body of ${url.href} cannot be decompressed.`, { retryable: true }, options)
  if (/CERT|^ERR_TLS|^ERR_SSL|SELF_SIGNED|UNABLE_TO|^EPROTO$/.test(code))
    return failed(
      'bad_certificate',
      `No secure connection to ${url.href} can be made (${code}).`,
      { retryable: true },
      options,
    )
  return failed('connection_failed', `The connection to ${url.href} failed (${code}).`, { retryable: true }, options)
}
