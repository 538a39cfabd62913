import { Fetcher, type FetcherOptions } from '../../../src/sources/fetcher.ts'
import type { FetchOptions } from '../../../src/sources/fetching/fetch-options.ts'

/** A fetcher as quick as its server. */
export const fetcherWith = (options: Partial<FetcherOptions> = {}): Fetcher =>
  new Fetcher({
    maxBytes: 1024 * 1024,
    timeoutMs: 10_000,
    idleMs: 10_000,
    rate: 100_000,
    concurrency: 16,
    userAgent: 'Penstock/0',
    ...options,
  })

export const asking = (options: Partial<FetchOptions> = {}): FetchOptions => ({
  asker: 'job',
  signal: new AbortController().signal,
  respectRobots: false,
  ...options,
})
