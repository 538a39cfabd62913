import type { Answer, Head } from './exchange.ts'
import { type FetchFailure, failed } from './failure.ts'
import { mediaTypeOf } from './media-type.ts'
import { retryAfterMs } from './retry-after.ts'

/** What a server calls a version of a page by, to be sent back when it is asked for again. */
export interface Validators {
  readonly etag: string | null
  readonly lastModified: string | null
}

export interface Page extends Validators {
  readonly kind: 'page'
  /** After redirects. */
  readonly url: URL
  readonly bytes: Buffer
  /** As the server calls it, `text/html`; empty where it says nothing. */
  readonly type: string
  readonly charset: string | null
  /** Its `X-Robots-Tag`, in lower case. */
  readonly robotsTag: string
}

export type NotFetched =
  | { readonly kind: 'unchanged'; readonly url: URL }
  | { readonly kind: 'redirect'; readonly url: URL; readonly to: URL }
  | ({ readonly kind: 'failed' } & FetchFailure)

/** Past this a validator is not kept, in characters. */
const longestValidator = 512
const kept = (value: string | undefined) => (value === undefined || value.length > longestValidator ? null : value)

export const pageOf = ({ headers, body }: Answer, url: URL): Page => {
  const { essence, charset } = mediaTypeOf(headers['content-type'])
  const tag = headers['x-robots-tag'] ?? ''
  return {
    kind: 'page',
    ...{ url, bytes: body, type: essence, charset },
    etag: kept(headers.etag),
    lastModified: kept(headers['last-modified']),
    robotsTag: String(tag).toLowerCase(),
  }
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Where an answer redirects to, or null for one that does not. Throws Failed `bad_redirect`. */
export const redirectOf = ({ status, headers }: Head, url: URL): URL | null => {
  if (!redirects.has(status)) return null
  const to = headers.location === undefined ? null : URL.parse(headers.location, url.href)
  if (to === null) throw failed('bad_redirect', `${url.href} redirects (${status}) to no address.`)
  to.hash = ''
  return to
}

/** Where a host that has enough of us says nothing of when to come back, in ms. */
const unsaidMs = 10_000

/** What an answer without a page says; null for a page, a redirect or `not modified`. `now` in ms since 1970. */
export const statusFailure = ({ status, headers }: Head, url: URL, now: number): FetchFailure | null => {
  if (status === 200 || status === 203 || status === 304 || redirects.has(status)) return null
  if (status === 404 || status === 410)
    return { code: 'page_gone', message: `${url.href} is not there (${status}).`, retryable: false, status, gone: true }
  const asked = retryAfterMs(headers['retry-after'], now)
  if (status === 429 || (status === 503 && asked !== null))
    return {
      code: 'rate_limited',
      message: `${url.host} asks to be left alone for a while (${status}).`,
      retryable: true,
      status,
      retryAfterMs: asked ?? unsaidMs,
    }
  const retryable = status === 408 || status === 425 || status >= 500
  const why = status === 401 || status === 403 ? ': it wants a log-in, or does not want to be read' : ''
  return { code: 'bad_status', message: `${url.href} answers ${status}${why}.`, retryable, status }
}
