import type { Effects, RefusedPart } from '../runtime/effects.ts'
import type { Reject } from '../runtime/errors.ts'
import type { DocumentEnd } from '../schemas/document-end.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { Rows } from '../schemas/rows.ts'
import type { TableEnd } from '../schemas/table-end.ts'
import type { Vector } from '../schemas/vector.ts'

/** The port to the store of knowledge bases: what INDEXING and FINISHING write and what search reads. */
export interface KnowledgeStore extends Effects<KnowledgeWriter> {
  /** One finishing step; safe to repeat, cancellable between its statements. */
  finish(job: LaneJob, step: FinishStep, signal: AbortSignal): Promise<string>
  /**
   * LOADING found these documents in a bite of a source: remembers them as seen in this run, with how far the listing of
   * the source is, and returns the ids of those whose active version has the same content made with the same settings,
   * so that they need go no further.
   */
  listed(job: LaneJob, found: readonly FoundDocument[], listing: SourceListing): Promise<ReadonlySet<string>>
  search(query: SearchQuery): Promise<readonly SearchHit[]>
}

export type FinishStep = 'flip_tables' | 'drop_unflipped' | 'sweep_unseen' | 'prune_versions' | 'build_index'

/** Bound to one transaction of `Effects.apply`. */
export interface KnowledgeWriter {
  /**
   * Stores chunks under their versions, then handles the document ends in order: the end of a document's last part
   * flips its active version upward if the rows present equal the count, else drops the version. A version below the
   * active one changes nothing. `lineageOf` says where a document came from; that is kept with the version. Returns the
   * entries it had to reject, by index in `records`.
   */
  write(
    job: LaneJob,
    records: readonly (Vector | DocumentEnd)[],
    lineageOf?: (record: DocumentEnd) => Lineage,
  ): Promise<ReadonlyMap<number, Reject>>
}

/** Bound to one transaction of `Effects.apply`: what TABULATING writes. */
export interface TableWriter {
  /**
   * Stores rows in the loads of their tables, made by the first of them. Returns the rows it had to refuse, by the index of
   * their record. Throws Fatal `table_taken` for a table that another source fills.
   */
  tabulate(
    job: LaneJob,
    lane: number,
    records: readonly (Rows | TableEnd)[],
  ): Promise<ReadonlyMap<number, readonly RefusedPart[]>>
}

/** Where a document came from. */
export interface Lineage {
  /** W3C trace context, where there is one. */
  readonly traceparent: string | null
  /** The record that it began with, as `topic/partition/offset`. */
  readonly origin: string | null
}

export interface SearchQuery {
  readonly kb: string
  readonly mode: 'hybrid' | 'vector' | 'text'
  readonly text: string
  /** The query's embedding; null in mode text. */
  readonly vector: Float32Array | null
  readonly topK: number
  readonly filters: { readonly source?: string; readonly uriPrefix?: string; readonly documentId?: string }
}

export interface SearchHit {
  readonly score: number
  readonly text: string
  readonly uri: string
  readonly title: string
  readonly headingPath: readonly string[]
  /** Orders the chunks of a document; with gaps where a large one was cut into parts. */
  readonly position: number
  /** Where the chunk starts in the document, in UTF-16 code units. */
  readonly offset: number
  readonly documentId: string
  readonly chunkId: string
  readonly version: number
  /** W3C trace context of what stored the document; null where it had none. */
  readonly traceparent: string | null
}

export interface FoundDocument {
  readonly documentId: string
  readonly source: string
  readonly uri: string
  readonly contentHash: string
  /** Kept beside it, for a page of a website. */
  readonly page?: {
    readonly revision: number
    readonly etag: string | null
    readonly lastModified: string | null
    readonly textHash: string
    readonly links: readonly string[]
  }
}

/** How far a run has listed one of its sources. */
export interface SourceListing {
  /** Its number in the job. */
  readonly index: number
  /** Its identity inside the kb. */
  readonly source: string
  /** The bite is the first one of the source. */
  readonly first: boolean
  /** The bite is the last one. */
  readonly ended: boolean
  /** What of the source could not be listed, a sentence each: what is there may be missing among the documents. */
  readonly unlisted: readonly string[]
}
