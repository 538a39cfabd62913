import { LRUCache } from 'lru-cache'
import type { Candidate, EntryState, Frontier, FrontierEntry, Frontiers } from './frontier.ts'

interface Row extends Omit<FrontierEntry, 'dueMs' | 'before'> {
  readonly due: number
  readonly pattern: string | null
  waits: number
  state: EntryState
  textHash: string | null
}

/** A frontier that is forgotten with the process, for looking at a source without a job. */
export const memoryFrontier = (): Frontier => {
  const rows: Row[] = []
  const attempts = new Map<string, Row>()
  const latest = new Map<string, Row>()
  const key = (url: string, attempt: number) => `${attempt} ${url}`
  /** Counted as rows are added: a page has thousands of links, and each asks. */
  const ofPattern = new Map<string, number>()
  let pages = 0
  const add = ({ afterMs, ...one }: Candidate) => {
    const { url, kind, seed, depth, hops, attempt, pattern, foundOn } = one
    const row: Row = {
      ...{ url, kind, seed, depth, hops, attempt, pattern, foundOn, number: rows.length, waits: 0 },
      ...{ due: performance.now() + afterMs, state: 'pending', textHash: null },
    }
    rows.push(row)
    attempts.set(key(url, attempt), row)
    if (attempt > (latest.get(url)?.attempt ?? 0)) latest.set(url, row)
    if (kind === 'page' && attempt === 1) pages += 1
    if (pattern !== null) ofPattern.set(pattern, (ofPattern.get(pattern) ?? 0) + 1)
  }
  return {
    take: async (from, limit) =>
      rows.slice(from, from + limit).map(({ due, pattern: _, state: __, textHash: ___, ...row }) => {
        const before = attempts.get(key(row.url, row.attempt - 1)) ?? null
        return { ...row, dueMs: Math.max(0, due - performance.now()), before }
      }),
    lookUp: async urls => new Map(urls.flatMap(url => (latest.has(url) ? [[url, latest.get(url)!] as const] : []))),
    documentsWith: async (hashes, below) => {
      const wanted = new Set(hashes)
      const found = rows.slice(0, below).filter(({ textHash }) => textHash !== null && wanted.has(textHash))
      return new Map(found.toReversed().map(({ textHash, url }) => [textHash!, url]))
    },
    seeds: async () => {
      const seeds = rows.filter(row => row.seed && row.kind === 'page')
      return seeds.filter(row => !seeds.some(({ url, attempt }) => url === row.url && attempt > row.attempt))
    },
    async settle(found, settled, bounds) {
      let alike = 0
      const met = new Set<string>()
      for (const one of found) {
        const name = key(one.url, one.attempt)
        if (attempts.has(name) || met.has(name)) continue
        met.add(name)
        const isNew = one.kind === 'page' && one.attempt === 1 && one.hops === 0
        const tooMany = isNew && pages >= bounds.pages
        const tooManyAlike = one.pattern !== null && (ofPattern.get(one.pattern) ?? 0) >= bounds.ofPattern
        if (tooManyAlike) alike += 1
        if (!tooMany && !tooManyAlike) add(one)
      }
      for (const { number, state, textHash } of settled) Object.assign(rows[number]!, { state, textHash })
      return { entries: rows.length, pages, alike }
    },
    async waited(number) {
      rows[number]!.waits += 1
    },
  }
}

/** Looks that are kept at once; what is forgotten begins anew. */
const mostKept = 16

/** One for each source of a job. */
export const memoryFrontiers = (): Frontiers => {
  const kept = new LRUCache<string, Frontier>({ max: mostKept })
  return (jobId, index) => {
    const name = `${jobId}/${index}`
    const frontier = kept.get(name) ?? memoryFrontier()
    kept.set(name, frontier)
    return frontier
  }
}
