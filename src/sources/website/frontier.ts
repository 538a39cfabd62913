/**
 * The port to the addresses that a crawl knows. Each gets a number when it is found, in the order in which it is found;
 * a bite is a range of these numbers. What is written here is written again by a bite that is repeated: it changes
 * nothing below its range, and what it finds goes to the end.
 */
export interface Frontier {
  /** Entries from a number on, in order. */
  take(from: number, limit: number): Promise<readonly FrontierEntry[]>
  /** What became of addresses, by the entry of each that counts last. */
  lookUp(urls: readonly string[]): Promise<ReadonlyMap<string, Known>>
  /** The first document below a number that has one of these texts, by the hash of the text. */
  documentsWith(hashes: readonly string[], below: number): Promise<ReadonlyMap<string, string>>
  /** What became of the first pages. */
  seeds(): Promise<readonly Known[]>
  /** Adds what is not there yet, in this order and within bounds, and then says what became of entries. */
  settle(found: readonly Candidate[], settled: readonly Settled[], bounds: Bounds): Promise<Counts>
  /** The entry has to wait for its host once more. */
  waited(number: number): Promise<void>
}

/** The frontiers of this installation: one for each source of a job, empty at first, deleted with its job. */
export type Frontiers = (jobId: string, sourceIndex: number) => Frontier

/** An address that was found; a sitemap is one too. */
export interface Candidate {
  readonly url: string
  readonly kind: 'page' | 'sitemap'
  /** One of those that the user gave. */
  readonly seed: boolean
  /** Links from a first page or a sitemap; of a sitemap, how deep it is in others. */
  readonly depth: number
  /** Redirects and canonical links that led to it. */
  readonly hops: number
  /** From 1: an address that could not be asked is found anew, to be asked later. */
  readonly attempt: number
  /** Not to be asked before so long, in ms. */
  readonly afterMs: number
  /** See `patternOf`; null where it has no bound. */
  readonly pattern: string | null
  /** The page that named it. */
  readonly foundOn: string | null
}

export interface FrontierEntry extends Omit<Candidate, 'afterMs' | 'pattern'> {
  readonly number: number
  /** Until it may be asked, in ms. */
  readonly dueMs: number
  /** How often it had to wait for its host. */
  readonly waits: number
  /** The entry of the attempt before, and whether it came to something after all. */
  readonly before: { readonly number: number; readonly state: EntryState } | null
}

export type EntryState =
  | 'pending'
  | 'put_off'
  | 'document'
  | 'unchanged'
  | 'duplicate'
  /** Another address stands for it. */
  | 'alias'
  /** Read for its links alone. */
  | 'links'
  | 'sitemap'
  | 'forbidden'
  | 'rejected'
  | 'gone'

export interface Known {
  readonly url: string
  readonly number: number
  readonly state: EntryState
}

/** What became of an entry. */
export interface Settled {
  readonly number: number
  readonly state: EntryState
  /** Of its text, for a document. */
  readonly textHash: string | null
  /** The code of what went wrong. */
  readonly error: string | null
}

export interface Bounds {
  /** Pages of all, attempts not counted. */
  readonly pages: number
  /** Pages of one pattern. */
  readonly ofPattern: number
}

export interface Counts {
  /** All that are known, sitemaps and further attempts too. */
  readonly entries: number
  /** Pages that are known. */
  readonly pages: number
  /** Of what was found now: left out because too many of its pattern are known. */
  readonly alike: number
}
