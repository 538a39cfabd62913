import type { Fetcher } from './fetcher.ts'
import type { SourceKind, SourceMistake } from './kind.ts'
import type { Parsers } from './parsing/parsers.ts'
import type { WebsiteSpec } from './specs/website.ts'
import type { Frontiers } from './website/frontier.ts'
import { normalUrl } from './website/normal-url.ts'
import type { PageMemory } from './website/page-memory.ts'
import type { RetryPlan } from './website/retry-plan.ts'
import { websiteSource } from './website/website-source.ts'

export interface WebsiteDeps {
  readonly fetcher: Fetcher
  readonly parsers: Parsers
  readonly frontiers: Frontiers
  readonly memory: PageMemory
  readonly retry?: RetryPlan
  /** Pages of one source that are asked at most, where sources are only looked at. */
  readonly mostPages?: number
}

/** Pages of websites. A source is named by its first page: what else it reads may change, and its documents stay. */
export const websiteKind = (deps: WebsiteDeps): SourceKind<WebsiteSpec> => {
  const { fetcher, parsers, frontiers, memory, retry, mostPages } = deps
  const id = ({ urls: [first = ''] }: WebsiteSpec) => `website:${normalUrl(first)?.href ?? first}`
  return {
    id,
    async check(spec) {
      const addresses = [
        ...spec.urls.map((url, i) => ({ path: `urls.${i}`, url })),
        ...(Array.isArray(spec.sitemaps) ? spec.sitemaps.map((url, i) => ({ path: `sitemaps.${i}`, url })) : []),
      ]
      const crawlable = addresses.filter(({ url }) => normalUrl(url) !== null)
      const refusals = await fetcher.refusals(crawlable.map(({ url }) => new URL(url)))
      const refused = addresses.flatMap((one): readonly SourceMistake[] => {
        const at = crawlable.indexOf(one)
        const failure = at === -1 ? notCrawlable(one.url) : refusals[at]
        return failure ? [{ path: one.path, message: failure.message }] : []
      })
      return [...refused, ...pastBound(spec, fetcher, 'rate'), ...pastBound(spec, fetcher, 'concurrency')]
    },
    open: (spec, { job: { job_id, kb_id }, index }) =>
      websiteSource({
        ...{ spec, fetcher, parsers, memory },
        ...{ id: id(spec), kbId: kb_id, asker: job_id, frontier: frontiers(job_id, index) },
        ...(retry ? { retry } : {}),
        ...(mostPages === undefined ? {} : { mostPages }),
      }),
  }
}

const notCrawlable = (url: string) => ({ message: `${url} is too long, too deep or goes in circles.` })

const pastBound = (spec: WebsiteSpec, fetcher: Fetcher, field: 'rate' | 'concurrency'): readonly SourceMistake[] => {
  const most = fetcher.bounds[field]
  if ((spec[field] ?? 0) <= most) return []
  const setting = `PENSTOCK_FETCH_${field.toUpperCase()}`
  return [{ path: field, message: `must be at most ${most}, the bound of this installation (${setting})` }]
}
