import { Reject } from '../../runtime/errors.ts'
import type { Fetcher } from '../fetcher.ts'
import type { Validators } from '../fetching/answers.ts'
import type { FetchFailure } from '../fetching/failure.ts'
import type { FetchOptions } from '../fetching/fetch-options.ts'
import type { Parsers } from '../parsing/parsers.ts'
import type { Sitemap } from '../parsing/sitemap.ts'
import type { WebsiteSpec } from '../specs/website.ts'
import type { FrontierEntry } from './frontier.ts'
import type { RememberedPage } from './page-memory.ts'
import { isReadable, type ReadPage, readPage } from './page-reader.ts'

/** What came of asking for an address, before anything is decided about it. */
export type Visit =
  | { readonly kind: 'page'; readonly page: ReadPage; readonly validators: Validators }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'redirect'; readonly to: URL }
  | { readonly kind: 'sitemap'; readonly sitemap: Sitemap }
  | { readonly kind: 'failed'; readonly failure: VisitFailure }

/** A failure of the fetcher, or of a parser. */
export type VisitFailure = Omit<FetchFailure, 'code'> & { readonly code: string }

/** True where the whole host is to be left alone for a while, not the page. */
export const isOfHost = ({ code, retryable }: VisitFailure): boolean =>
  code === 'rate_limited' || (code === 'robots_unavailable' && retryable)

export interface Visiting {
  readonly fetcher: Fetcher
  readonly parsers: Parsers
  readonly spec: WebsiteSpec
  /** Whose visits these are: a job. */
  readonly asker: string
}

/** Of a sitemap, by its protocol. */
const sitemapBytes = 50 * 1024 * 1024

export const fetchOptions = ({ spec, asker }: Visiting, signal: AbortSignal): FetchOptions => ({
  ...{ asker, signal, respectRobots: spec.respect_robots ?? true },
  ...{ rate: spec.rate, concurrency: spec.concurrency },
})

/** See `Fetcher.intervalMs`. */
export const intervalOf = (visiting: Visiting, url: URL, signal: AbortSignal): number | null =>
  visiting.fetcher.intervalMs(url, fetchOptions(visiting, signal))

/** The end of a sentence that names the slowest host of entries; empty where it is asked more often than once in `ms`. */
export const slowest = (
  visiting: Visiting,
  entries: readonly FrontierEntry[],
  ms: number,
  signal: AbortSignal,
): string => {
  const paces = entries.map(entry => {
    const url = new URL(entry.url)
    return { host: url.host, interval: intervalOf(visiting, url, signal) ?? 0 }
  })
  const { host, interval } = paces.reduce((slow, one) => (one.interval > slow.interval ? one : slow))
  return interval < ms ? '' : `; ${host} is asked once in ${interval / 1000} s, by its robots.txt or \`rate\``
}

/** Asks for one entry; a redirect is not followed, it is a find. Throws the signal's reason. */
export const visit = async (
  visiting: Visiting,
  { url, kind }: Pick<FrontierEntry, 'url' | 'kind'>,
  remembered: RememberedPage | undefined,
  signal: AbortSignal,
): Promise<Visit> => {
  const address = new URL(url)
  try {
    if (kind === 'sitemap') return await visitSitemap(visiting, address, signal)
    return await visitPage(visiting, address, remembered, signal)
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    return { kind: 'failed', failure: { code: error.code, message: error.message, retryable: false } }
  }
}

const visitPage = async (
  visiting: Visiting,
  address: URL,
  remembered: RememberedPage | undefined,
  signal: AbortSignal,
): Promise<Visit> => {
  const found = await visiting.fetcher.fetch(address, {
    ...fetchOptions(visiting, signal),
    ...{ redirects: 0, types: isReadable },
    validators: remembered?.current ? remembered : null,
  })
  if (found.kind === 'failed') return { kind: 'failed', failure: found }
  if (found.kind !== 'page') return found
  const page = await readPage(found, { ...visiting, signal })
  return { kind: 'page', page, validators: found }
}

/** A robots.txt stands for the sitemaps it names, and the one that is where most are. */
const visitSitemap = async (visiting: Visiting, address: URL, signal: AbortSignal): Promise<Visit> => {
  const options = fetchOptions(visiting, signal)
  if (address.pathname === '/robots.txt') {
    const rules = await visiting.fetcher.robots(address, options)
    if ('code' in rules) return { kind: 'failed', failure: rules }
    const sitemaps = [...rules.sitemaps, new URL('/sitemap.xml', address).href]
    return { kind: 'sitemap', sitemap: { pages: [], sitemaps } }
  }
  const found = await visiting.fetcher.fetch(address, { ...options, limits: { maxBytes: sitemapBytes } })
  if (found.kind === 'failed') return { kind: 'failed', failure: found }
  if (found.kind !== 'page') throw new Error(`${address.href} was asked without validators and is ${found.kind}.`)
  const { parsers, asker } = visiting
  const sitemap = await parsers.parse('sitemap', found.bytes, { of: address.href, asker, signal })
  return { kind: 'sitemap', sitemap }
}
