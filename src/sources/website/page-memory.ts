/** The port to what is kept of pages that became documents, from run to run. */
export interface PageMemory {
  /** What is known of documents, by their ids; of those that are in the store. */
  known(kbId: string, documentIds: readonly string[]): Promise<ReadonlyMap<string, RememberedPage>>
}

export interface PageRecord {
  readonly etag: string | null
  readonly lastModified: string | null
  /** Hash of its main text. */
  readonly textHash: string
  /** Where it leads, as its addresses go. */
  readonly links: readonly string[]
}

export interface RememberedPage extends PageRecord {
  /** Of the document in the store. */
  readonly contentHash: string
  /** True where that is what the page was, made with the settings of today: it need not be sent again. */
  readonly current: boolean
}

/** Raised when the same page gives another document than before, so that it is sent again. */
export const pageRevision = 1
