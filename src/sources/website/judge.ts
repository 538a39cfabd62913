import type { SourceDocument, SourceReject, SourceUnchanged } from '../source.ts'
import type { Candidate, EntryState, FrontierEntry, Known, Settled } from './frontier.ts'
import { normalUrl, patternOf } from './normal-url.ts'
import { pageRevision, type RememberedPage } from './page-memory.ts'
import type { ReadPage } from './page-reader.ts'
import type { RetryPlan } from './retry-plan.ts'
import { leadsOut, type Scope } from './scope.ts'
import { isOfHost, type Visit, type VisitFailure } from './visit.ts'

/** What came of an entry. */
export interface Judgement {
  readonly settled: Settled
  /** What it leads to, in order. */
  readonly found: readonly Candidate[]
  readonly document?: SourceDocument | SourceReject
  readonly unchanged?: SourceUnchanged
  /** What it may lead to is not known: a sentence. */
  readonly unlisted?: string
}

/** The host is to be left alone first: the entry is not judged, and nothing after it is. */
export interface Later {
  readonly later: { readonly code: string; readonly message: string; readonly ms: number }
}

/** What an entry is judged by. All of it is settled before the entry: a bite that is repeated finds the same. */
export interface Knowledge {
  readonly scope: Scope
  readonly maxDepth: number
  readonly retry: RetryPlan
  /** What became of an address, if it is known. */
  known(url: string): Known | undefined
  /** The document before this one that has the same text. */
  documentWith(textHash: string): string | undefined
  remembered(url: string): RememberedPage | undefined
}

/** Redirects and canonical links in a row. */
const mostHops = 5
/** Sitemaps in sitemaps. */
const deepestSitemap = 2
/** Links that are kept with a page; one with more is always read again. */
const mostKeptLinks = 2000

export const judge = (entry: FrontierEntry, visit: Visit, knowledge: Knowledge): Judgement | Later => {
  if (visit.kind === 'failed') return judgeFailure(entry, visit.failure, knowledge)
  if (visit.kind === 'sitemap') return judgeSitemap(entry, visit.sitemap, knowledge)
  if (visit.kind === 'redirect') return judgeRedirect(entry, visit.to, knowledge)
  if (visit.kind === 'page') return judgePage(entry, visit, knowledge)
  const remembered = knowledge.remembered(entry.url)
  if (!remembered) throw new Error(`${entry.url} is unchanged, and nothing is known of it.`)
  const { contentHash, textHash, links } = remembered
  return {
    settled: settled(entry, 'unchanged', { textHash }),
    found: linksOf(entry, links, knowledge),
    unchanged: { uri: entry.url, contentHash },
  }
}

export const settled = (
  { number }: Pick<FrontierEntry, 'number'>,
  state: EntryState,
  more: Partial<Pick<Settled, 'textHash' | 'error'>> = {},
): Settled => ({ number, state, textHash: null, error: null, ...more })

/** What is refused for what it is has no links, so nothing is missing behind it. */
const leadsNowhere: ReadonlySet<string> = new Set([
  ...['unsupported_type', 'empty_document', 'robots_disallowed', 'forbidden_url', 'outside_source'],
  ...['not_a_pdf', 'broken_pdf', 'encrypted_pdf', 'scanned_pdf', 'too_much_text'],
])

const judgeFailure = (entry: FrontierEntry, failure: VisitFailure, knowledge: Knowledge): Judgement | Later => {
  const { code, message, retryable, gone } = failure
  const { retry } = knowledge
  if (isOfHost(failure)) {
    return { later: { code, message, ms: failure.retryAfterMs ?? retry.hostDelayMs(entry.waits) } }
  }
  if (retryable && entry.attempt < retry.attempts) {
    const again = { ...entry, attempt: entry.attempt + 1, afterMs: retry.delayMs(entry.attempt), pattern: null }
    return { settled: settled(entry, 'put_off', { error: code }), found: [again] }
  }
  if (code === 'robots_disallowed' && !entry.seed) return { settled: settled(entry, 'forbidden'), found: [] }
  // Most sites have no sitemap where it is looked for.
  if (entry.kind === 'sitemap' && gone && !entry.seed) return { settled: settled(entry, 'gone'), found: [] }
  const why = entry.foundOn === null ? message : `${message} It is linked on ${entry.foundOn}.`
  const before = knowledge.remembered(entry.url)
  return {
    settled: settled(entry, gone ? 'gone' : 'rejected', { error: code }),
    // Pages behind one that cannot be read today are not to be taken for gone.
    found: gone ? [] : linksOf(entry, before?.links ?? [], knowledge),
    document: { uri: entry.url, code, message: why, ...(gone ? { gone } : {}) },
    ...(before || gone || leadsNowhere.has(code) ? {} : { unlisted: message }),
  }
}

const judgeSitemap = (
  entry: FrontierEntry,
  sitemap: { readonly pages: readonly string[]; readonly sitemaps: readonly string[] },
  { scope }: Knowledge,
): Judgement => {
  const base = { seed: false, hops: 0, attempt: 1, afterMs: 0, pattern: null, foundOn: entry.url }
  const under = entry.depth < deepestSitemap ? sitemap.sitemaps : []
  return {
    settled: settled(entry, 'sitemap'),
    found: [
      ...under.flatMap(href => {
        const url = normalUrl(href, entry.url)
        return url ? [{ ...base, url: url.href, kind: 'sitemap' as const, depth: entry.depth + 1 }] : []
      }),
      ...sitemap.pages.flatMap(href => {
        const url = normalUrl(href)
        return url && scope.follows(url) ? [{ ...base, url: url.href, kind: 'page' as const, depth: 0 }] : []
      }),
    ],
  }
}

const judgeRedirect = (entry: FrontierEntry, to: URL, { scope }: Knowledge): Judgement => {
  const url = normalUrl(to.href)
  const reject = (code: string, message: string): Judgement => ({
    settled: settled(entry, 'rejected', { error: code }),
    found: [],
    document: { uri: entry.url, code, message },
  })
  if (entry.hops >= mostHops || url?.href === entry.url)
    return reject('too_many_redirects', `${entry.url} redirects without end.`)
  if (url === null || !scope.hosts(url)) {
    const { code, message } = leadsOut(entry.url, to)
    return reject(code, message)
  }
  if (!entry.seed && !scope.follows(url)) return { settled: settled(entry, 'alias'), found: [] }
  return { settled: settled(entry, 'alias'), found: [standIn(entry, url)] }
}

const standIn = (entry: FrontierEntry, url: URL): Candidate => ({
  ...{ url: url.href, kind: entry.kind, seed: entry.seed, depth: entry.depth, hops: entry.hops + 1 },
  ...{ attempt: 1, afterMs: 0, pattern: null, foundOn: entry.url },
})

const judgePage = (
  entry: FrontierEntry,
  { page, validators }: Extract<Visit, { kind: 'page' }>,
  knowledge: Knowledge,
): Judgement => {
  const found = linksOf(entry, page.links, knowledge)
  if (page.noindex || !knowledge.scope.includes(new URL(entry.url))) return { settled: settled(entry, 'links'), found }
  const canonical = canonicalOf(entry, page, knowledge)
  if (canonical) return { settled: settled(entry, 'alias'), found: [standIn(entry, canonical), ...found] }
  if (page.text.trim() === '') {
    const [code, message] = ['empty_document', `${entry.url} has no text to index.`]
    return { settled: settled(entry, 'rejected', { error: code }), found, document: { uri: entry.url, code, message } }
  }
  if (knowledge.documentWith(page.textHash) !== undefined) return { settled: settled(entry, 'duplicate'), found }
  const { textHash, links, canonical: _, noindex: __, ...content } = page
  const kept = { revision: pageRevision, etag: validators.etag, lastModified: validators.lastModified, textHash, links }
  const document = { uri: entry.url, ...content, ...(links.length <= mostKeptLinks ? { page: kept } : {}) }
  return { settled: settled(entry, 'document', { textHash }), found, document }
}

/**
 * The address that a page wants to go by, if that is to be asked in its place: one of the same host that is new or not
 * yet asked, or has become a document. Two pages that name one another, or one that failed, are no reason to lose both.
 */
const canonicalOf = (entry: FrontierEntry, page: ReadPage, { scope, known }: Knowledge): URL | null => {
  if (page.canonical === null || page.canonical === entry.url || entry.hops >= mostHops) return null
  const url = new URL(page.canonical)
  if (url.host !== new URL(entry.url).host || !scope.follows(url)) return null
  const state = known(url.href)
  const stands = state === undefined || state.number > entry.number || /^(?:document|unchanged)$/.test(state.state)
  return stands ? url : null
}

const linksOf = (entry: FrontierEntry, links: readonly string[], { scope, maxDepth }: Knowledge): Candidate[] => {
  if (entry.depth >= maxDepth) return []
  const base = { kind: 'page' as const, seed: false, depth: entry.depth + 1, hops: 0, attempt: 1, afterMs: 0 }
  return links.flatMap(href => {
    const url = new URL(href)
    return scope.follows(url) ? [{ ...base, url: href, pattern: patternOf(url), foundOn: entry.url }] : []
  })
}
