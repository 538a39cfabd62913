import type { WebsiteSpec } from '../specs/website.ts'
import { websiteDefaults } from '../specs/website.ts'
import { normalUrl } from './normal-url.ts'
import { normalUrls, type Scope } from './scope.ts'
import { type Visiting, visit } from './visit.ts'

/** Where a crawl looks for sitemaps: what the user named, or the robots.txt of each host of the first pages. */
export const sitemapsOf = ({ sitemaps = websiteDefaults.sitemaps, urls }: WebsiteSpec): readonly URL[] => {
  if (sitemaps === false) return []
  const hrefs = sitemaps === true ? urls.map(url => new URL('/robots.txt', url).href) : sitemaps
  return normalUrls(hrefs, () => true)
}

/** More of them are not read ahead, only to know a number. */
const mostAhead = 20

/**
 * How many pages there are where no link is followed, so that first pages and sitemaps name them all; null where that is
 * not so, or cannot be known soon.
 */
export const listedPages = async (
  visiting: Visiting,
  scope: Scope,
  most: number,
  maxDepth: number,
  signal: AbortSignal,
): Promise<number | null> => {
  if (maxDepth > 0) return null
  const { spec } = visiting
  const pages = new Set(normalUrls(spec.urls, () => true).map(({ href }) => href))
  const left = sitemapsOf(spec).map(({ href }) => href)
  for (const [i, url] of left.entries()) {
    if (i === mostAhead) return null
    const found = await visit(visiting, { url, kind: 'sitemap' }, undefined, signal)
    if (found.kind === 'failed' && !found.failure.gone) return null
    if (found.kind !== 'sitemap') continue
    for (const { href } of normalUrls(found.sitemap.pages, scope.follows)) pages.add(href)
    left.push(
      ...found.sitemap.sitemaps.flatMap(href => normalUrl(href)?.href ?? []).filter(href => !left.includes(href)),
    )
  }
  return Math.min(pages.size, most)
}
