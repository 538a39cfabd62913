import type { FrontierEntry } from './frontier.ts'
import { isOfHost, type Visit } from './visit.ts'

/** How much a bite takes. */
export interface MostOfBite {
  readonly entries: number
  /** Entries asked for at once; each host has a bound of its own. */
  readonly atOnce: number
  /** Of text, after which no more are asked for. */
  readonly characters: number
  /** After which no more are asked for, in ms. */
  readonly ms: number
}

export interface Visited {
  readonly entry: FrontierEntry
  /** Null for an entry that came to something by an attempt before. */
  readonly visit: Visit | null
}

/**
 * The entries of a bite: none that is to be asked later, with all that come after it, and none of which the attempt before
 * is in the same bite, since what became of that is not certain before the bite ends.
 */
export const ripe = (entries: readonly FrontierEntry[], from: number): readonly FrontierEntry[] => {
  const end = entries.findIndex(({ dueMs, before }) => dueMs > 0 || (before !== null && before.number >= from))
  return end === -1 ? entries : entries.slice(0, end)
}

/**
 * The first entries, as many as can be begun within `ms` by the interval of each host: all that a bite takes is lost when
 * it is stopped. A host whose interval is not known yet (null) is asked once.
 */
export const inTime = (
  entries: readonly FrontierEntry[],
  ms: number,
  intervalMs: (url: URL) => number | null,
): readonly FrontierEntry[] => {
  const due = new Map<string, number>()
  const end = entries.findIndex(entry => {
    if (isSuperseded(entry)) return false
    const url = new URL(entry.url)
    const at = due.get(url.host) ?? 0
    due.set(url.host, at + (intervalMs(url) ?? ms))
    return at > 0 && at >= ms
  })
  return end === -1 ? entries : entries.slice(0, end)
}

/** Visits entries in order, several at once, until it is enough; all that were begun are in the result. */
export const visitAll = async (
  entries: readonly FrontierEntry[],
  most: MostOfBite,
  visit: (entry: FrontierEntry) => Promise<Visit>,
  signal: AbortSignal,
): Promise<readonly Visited[]> => {
  const began = performance.now()
  const visited: Visited[] = []
  let isStopped = false
  let next = 0
  let characters = 0
  const worker = async () => {
    while (next < entries.length && characters < most.characters && !isStopped) {
      if (next > 0 && performance.now() - began >= most.ms) break
      signal.throwIfAborted()
      const number = next++
      const entry = entries[number]!
      const found = isSuperseded(entry) ? null : await visit(entry)
      if (found?.kind === 'page') characters += found.page.text.length
      if (found?.kind === 'failed' && isOfHost(found.failure)) isStopped = true
      visited[number] = { entry, visit: found }
    }
  }
  await Promise.all(Array.from({ length: Math.min(most.atOnce, entries.length) }, worker))
  return visited
}

const isSuperseded = ({ before }: FrontierEntry): boolean => before !== null && before.state !== 'put_off'
