import { LRUCache } from 'lru-cache'
import type { Listing } from './file-listing.ts'

/** Keeps the listing of one source of one run between its bites, so that a large folder is not listed again for each. */
export interface ListingCache {
  /** The listing kept, or a new one where there is none or it must be `fresh`. */
  get(fresh: boolean, list: () => Promise<Listing>): Promise<Listing>
}

export const noCache: ListingCache = { get: (_fresh, list) => list() }

/** Nothing depends on what is kept: after a restart, or when many runs share a process, a folder is listed once more. */
export class ListingCaches {
  readonly #kept = new LRUCache<string, Listing>({ max: 64, ttl: 10 * 60_000, updateAgeOnGet: true })

  /** `key` names the run and the source. */
  of(key: string): ListingCache {
    return {
      get: async (fresh, list) => {
        const kept = fresh ? undefined : this.#kept.get(key)
        if (kept) return kept
        const listing = await list()
        this.#kept.set(key, listing)
        return listing
      },
    }
  }
}
