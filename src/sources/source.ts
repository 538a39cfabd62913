/** The port to where documents come from. A source yields bite by bite; the cursor is its checkpoint. */
export interface Source {
  /**
   * Takes the next bite. The same cursor gives the same bite while the source has not changed. Reading stops between
   * documents when the signal aborts (throws the signal's reason).
   */
  bite(cursor: string | null, signal: AbortSignal): Promise<Bite>
}

export interface Bite {
  readonly documents: readonly (SourceDocument | SourceReject)[]
  /** Where to go on; null after the last bite. */
  readonly next: string | null
  /** Documents the source expects in all, where it can know. */
  readonly total: number | null
}

export interface SourceDocument {
  readonly uri: string
  readonly title: string
  readonly mediaType: string
  readonly text: string
  readonly metadata: Readonly<Record<string, string>>
}

/** A document that can never be read, named with its cause. */
export interface SourceReject {
  readonly uri: string
  readonly code: string
  readonly message: string
}

export const isSourceReject = (one: SourceDocument | SourceReject): one is SourceReject => 'code' in one
