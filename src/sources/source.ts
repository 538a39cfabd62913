import type { LaneJob } from '../schemas/lane-control.ts'

/** The port to where documents come from. A source yields bite by bite; the cursor is its checkpoint. */
export interface Source {
  /**
   * Takes the next bite. The same cursor gives the same documents while the source has not changed (a slow one may give
   * fewer of them). Reading stops between documents when the signal aborts (throws the signal's reason).
   */
  bite(cursor: string | null, signal: AbortSignal, options?: BiteOptions): Promise<Bite>
  /** Documents the source expects in all, where it can know. Asked once, before the first bite of a run. */
  total(signal: AbortSignal): Promise<number | null>
}

/** A source that can be asked for single documents. */
export interface ReadableSource extends Source {
  /** One document by its uri, whatever the source's filters say of it today. */
  read(uri: string, signal: AbortSignal): Promise<SourceDocument | SourceReject>
}

export interface BiteOptions {
  /** Nothing is taken for unchanged: what the store has is not what the source believes. */
  readonly anew?: boolean
}

export interface Bite {
  readonly documents: readonly (SourceDocument | SourceReject)[]
  /** What was not read because it is as it was. */
  readonly unchanged?: readonly SourceUnchanged[]
  /**
   * What of the source could not be listed, a sentence each: documents that are there may be missing, so none of the
   * source is taken for deleted in this run. None unless given.
   */
  readonly unlisted?: readonly string[]
  /** Where to go on; null after the last bite. */
  readonly next: string | null
  /** How far the source is, as a sentence for the status page. */
  readonly message?: string
  /** Of a source of tables. */
  readonly tabled?: Tabled
}

/** Rows of a table, from one file of it. They are what such a source counts, and not the documents it makes of them. */
export interface Tabled {
  readonly table: string
  /** As JSON, in the order of cells: see `schemas/rows.ts`. */
  readonly columns: string
  /** Indexes of the cells that tell rows apart; none where only their place does. */
  readonly keys: readonly number[]
  /** Which of the files of the table, from 0. */
  readonly file: number
  readonly uri: string
  readonly rows: readonly TabledRow[]
  readonly rejects: readonly (SourceReject & Pick<TabledRow, 'row'>)[]
  /** After the last row of the last file of the table. */
  readonly end: { readonly files: readonly string[]; readonly rows: number; readonly rejected: number } | null
}

export interface TabledRow {
  /** Number in its file, from 1. */
  readonly row: number
  readonly cells: readonly (string | null)[]
}

/** A document that is as the store has it, by the word of whoever has it. */
export interface SourceUnchanged {
  readonly uri: string
  /** Of the document in the store. */
  readonly contentHash: string
}

export interface SourceDocument {
  readonly uri: string
  /** Empty where the source knows none; LOADING then takes the first heading or the end of the uri. */
  readonly title: string
  readonly mediaType: string
  readonly text: string
  /** Where the text starts in what the uri names (after front matter), in UTF-16 code units; 0 unless given. */
  readonly offset?: number
  readonly metadata: Readonly<Record<string, string>>
  /** Kept beside the document, so that a later run need not read it again while it is as it was. */
  readonly page?: KeptPage
}

/** What a page goes by and leads to. */
export interface KeptPage {
  /** Of what reads pages: what another one made is read again. */
  readonly revision: number
  readonly etag: string | null
  readonly lastModified: string | null
  readonly textHash: string
  readonly links: readonly string[]
}

/** A document that can never be read, named with its cause. */
export interface SourceReject {
  readonly uri: string
  readonly code: string
  readonly message: string
  /** True where the source has it no more: it is not counted as seen, so what is stored of it is swept. */
  readonly gone?: true
}

export const isSourceReject = (one: SourceDocument | SourceReject): one is SourceReject => 'code' in one

export const isGone = (one: SourceDocument | SourceReject): boolean => isSourceReject(one) && one.gone === true

/** Opens a source of a job by its number. Throws Fatal for one that cannot be used. */
export type OpenSource<S extends Source = Source> = (job: SourcesOf, index: number) => OpenedSource<S>

/** What opening a source takes of its job. */
export type SourcesOf = Pick<LaneJob, 'job_id' | 'kb_id' | 'kind' | 'run' | 'sources' | 'documents_per_second'>

export interface OpenedSource<S extends Source = Source> {
  readonly source: S
  /** Its identity inside a kb (`Document.source`), the same in every run. */
  readonly id: string
}
