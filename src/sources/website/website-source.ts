import { Fatal, Wait } from '../../runtime/errors.ts'
import { documentId } from '../../schemas/identity.ts'
import type { Bite, BiteOptions, ReadableSource, SourceDocument, SourceReject, SourceUnchanged } from '../source.ts'
import { websiteDefaults } from '../specs/website.ts'
import type { Candidate, Counts, EntryState, Frontier, FrontierEntry } from './frontier.ts'
import { type Judgement, judge, type Knowledge, type Later, settled } from './judge.ts'
import { normalUrl } from './normal-url.ts'
import type { PageMemory, RememberedPage } from './page-memory.ts'
import { readOne } from './read-one.ts'
import { defaultRetryPlan, type RetryPlan } from './retry-plan.ts'
import { normalUrls, scopeOf } from './scope.ts'
import { listedPages, sitemapsOf } from './sitemaps.ts'
import { inTime, type MostOfBite, ripe, type Visited, visitAll } from './take-entries.ts'
import { intervalOf, slowest, type Visiting, visit } from './visit.ts'

export interface WebsiteSourceOptions extends Visiting {
  readonly kbId: string
  /** Of the source inside its kb. */
  readonly id: string
  readonly frontier: Frontier
  readonly memory: PageMemory
  readonly most?: MostOfBite
  readonly retry?: RetryPlan
  /** Pages that one program of a site makes at most, those of sitemaps aside; 2,000 unless given. */
  readonly mostOfPattern?: number
  /** Pages that are asked at most, whatever the spec says, where a source is only looked at. */
  readonly mostPages?: number
}

/**
 * The pages of a website, in the order in which they were found; the cursor is the number of the next one in the
 * frontier. Every entry is in exactly one bite, and a bite that is repeated takes up what it had found.
 */
export const websiteSource = (options: WebsiteSourceOptions): ReadableSource => {
  const { spec, frontier, memory, kbId, id } = options
  const { most = { entries: 128, atOnce: 16, characters: 4 * 1024 * 1024, ms: 2000 }, retry = defaultRetryPlan } =
    options
  const maxDepth = spec.max_depth ?? websiteDefaults.maxDepth
  const { max_pages: maxPages = websiteDefaults.maxPages } = spec
  const { mostPages = maxPages, mostOfPattern = 2_000 } = options
  const bounds = { pages: Math.min(maxPages, mostPages), ofPattern: mostOfPattern }
  const scope = scopeOf(spec)

  /** The first entries: the user's pages, then what names sitemaps. */
  const plant = async () => {
    const base = { depth: 0, hops: 0, attempt: 1, afterMs: 0, pattern: null, foundOn: null }
    const pages = normalUrls(spec.urls, () => true).map(
      ({ href }): Candidate => ({ ...base, url: href, kind: 'page', seed: true }),
    )
    const sitemaps = sitemapsOf(spec).map(
      ({ href }): Candidate => ({
        ...{ ...base, url: href, kind: 'sitemap' },
        seed: Array.isArray(spec.sitemaps),
      }),
    )
    await frontier.settle([...pages, ...sitemaps], [], bounds)
  }

  const remember = async (entries: readonly FrontierEntry[]): Promise<ReadonlyMap<string, RememberedPage>> => {
    const ids = new Map(entries.map(({ url }) => [documentId(kbId, id, url), url]))
    const known = await memory.known(kbId, [...ids.keys()])
    return new Map([...known].map(([key, page]) => [ids.get(key)!, page]))
  }

  /** Judges what was visited in order, up to the first that is to come later. */
  const judgeAll = async (
    visited: readonly Visited[],
    from: number,
    remembered: ReadonlyMap<string, RememberedPage>,
  ) => {
    const pages = visited.flatMap(({ visit }) => (visit?.kind === 'page' ? [visit.page] : []))
    const hashes = [...pages.map(page => page.textHash), ...[...remembered.values()].map(page => page.textHash)]
    const earlier = await frontier.documentsWith(hashes, from)
    const known = await frontier.lookUp(pages.flatMap(({ canonical }) => canonical ?? []))
    const judged = new Map<number, EntryState>()
    const texts = new Map(earlier)
    const knowledge: Knowledge = {
      ...{ scope, maxDepth, retry },
      known(url) {
        const one = known.get(url)
        return one && one.number >= from ? { ...one, state: judged.get(one.number) ?? 'pending' } : one
      },
      documentWith: hash => texts.get(hash),
      remembered: url => remembered.get(url),
    }
    const judgements: Judgement[] = []
    for (const { entry, visit } of visited) {
      const one = visit ? judge(entry, visit, knowledge) : { settled: settled(entry, entry.before!.state), found: [] }
      if ('later' in one) return { judgements, later: one.later }
      judgements.push(one)
      const { state, textHash } = one.settled
      judged.set(entry.number, state)
      if (textHash !== null && !texts.has(textHash)) texts.set(textHash, entry.url)
    }
    return { judgements, later: null }
  }

  /** The host of the next entry is left alone; one that never answers fails the phase, which goes on there when retried. */
  const leaveAlone = async (
    { number, waits }: FrontierEntry,
    { code, message, ms }: Later['later'],
  ): Promise<never> => {
    await frontier.waited(number)
    if (waits < retry.waits) throw new Wait(code, message, ms)
    throw new Fatal(code, `${message} That was so ${waits + 1} times. Retry the job later, or leave this host out.`)
  }

  /** A source of which no first page can be read is not empty: it fails. */
  const checkSeeds = async (visited: readonly Visited[], judgements: readonly Judgement[], from: number) => {
    const failedNow = judgements.flatMap(({ settled, document }, i) =>
      visited[i]!.entry.seed && isFailed(settled.state) && document && 'code' in document ? [document] : [],
    )
    if (failedNow.length === 0) return
    const states = new Map<string, EntryState>()
    for (const { url, number, state } of await frontier.seeds()) states.set(url, number < from ? state : 'pending')
    for (const [i, { settled, found }] of judgements.entries()) {
      states.set(visited[i]!.entry.url, settled.state)
      for (const one of found) if (one.seed && !states.has(one.url)) states.set(one.url, 'pending')
    }
    if ([...states.values()].some(state => !isFailed(state) && state !== 'alias')) return
    const [{ code, message }] = failedNow as [SourceReject]
    throw new Fatal(code, `No first page of the website can be read. ${message} Correct \`urls\`, or try again later.`)
  }

  return {
    total: signal => listedPages(options, scope, maxPages, maxDepth, signal),

    async bite(cursor, signal, { anew = false }: BiteOptions = {}): Promise<Bite> {
      const from = cursor === null ? 0 : Number(cursor)
      if (cursor === null) await plant()
      const entries = await frontier.take(from, most.entries)
      const now = inTime(ripe(entries, from), most.ms, url => intervalOf(options, url, signal))
      if (now.length === 0 && entries[0])
        throw new Wait('asked_again', `${entries[0].url} is asked again soon.`, entries[0].dueMs)
      const remembered = await remember(now)
      const visited = await visitAll(
        now,
        most,
        entry => visit(options, entry, anew ? undefined : remembered.get(entry.url), signal),
        signal,
      )
      const { judgements, later } = await judgeAll(visited, from, remembered)
      if (judgements.length === 0 && later) await leaveAlone(visited[0]!.entry, later)
      await checkSeeds(visited, judgements, from)
      const counts = await frontier.settle(
        judgements.flatMap(({ found }) => found),
        judgements.map(one => one.settled),
        bounds,
      )
      const next = judgements.length === 0 ? from : judgements.at(-1)!.settled.number + 1
      const more = judgements.length > 0 && (await frontier.take(next, 1)).length > 0
      return {
        ...yieldedBy(judgements),
        ...{
          unlisted: unlistedBy(judgements, counts, bounds.pages, maxPages),
          message: said(next, counts) + slowest(options, now, most.ms, signal),
        },
        next: more ? String(next) : null,
      }
    },

    async read(uri, signal) {
      const url = normalUrl(uri)
      if (url !== null && scope.hosts(url)) return readOne(options, scope, { url, uri }, signal)
      return { uri, code: 'outside_source', message: `${uri} is no page of a host of this source.` }
    },
  }
}

const isFailed = (state: EntryState): boolean => state === 'rejected' || state === 'gone'

const yieldedBy = (judgements: readonly Judgement[]) => ({
  documents: judgements.flatMap(({ document }): (SourceDocument | SourceReject)[] => (document ? [document] : [])),
  unchanged: judgements.flatMap(({ unchanged }): SourceUnchanged[] => (unchanged ? [unchanged] : [])),
})

/** What is past the bound may have been read in another run. */
const unlistedBy = (
  judgements: readonly Judgement[],
  { pages, alike }: Counts,
  most: number,
  maxPages: number,
): readonly string[] => [
  ...judgements.flatMap(({ unlisted }) => unlisted ?? []),
  ...(pages >= most
    ? [`No more addresses than ${most} are asked, ${most < maxPages ? 'to look at a source' : 'as max_pages says'}.`]
    : []),
  ...(alike > 0 ? ['Of addresses that differ in numbers or parameters alone, there are more than are asked.'] : []),
]

const said = (asked: number, { entries }: Counts): string => `${asked} of ${entries} known addresses asked`
