import { splitIntoParts } from '../../chunking/parts.ts'
import { titleOf } from '../../chunking/title.ts'
import type { FoundDocument } from '../../knowledge/knowledge-base.ts'
import type { Document } from '../../schemas/document.ts'
import { contentHash, documentId, versionOf } from '../../schemas/identity.ts'
import type { LaneJob } from '../../schemas/lane-control.ts'
import { isSourceReject, type SourceDocument, type SourceReject } from '../../sources/source.ts'

/** A document as the store is asked about it, and the title it goes by. */
export interface Found extends FoundDocument {
  readonly title: string
}

/** A rejected document was seen too; its empty hash is that of no document. */
export const foundAs = (one: SourceDocument | SourceReject, kb: string, source: string): Found => {
  const named = { documentId: documentId(kb, source, one.uri), source, uri: one.uri }
  if (isSourceReject(one)) return { ...named, title: '', contentHash: '' }
  const title = titleOf(one)
  return { ...named, title, contentHash: contentHash({ ...one, title }), ...(one.page ? { page: one.page } : {}) }
}

/** The records of one document: several where it is large. `ordinal` is its number in the run. */
export const recordsOf = (
  one: SourceDocument,
  found: Found,
  job: LaneJob,
  ordinal: number,
  language: string | null = null,
): Document[] => {
  const parts = splitIntoParts(one.text, one.mediaType)
  return parts.map(({ text, offset, headings }, part) => ({
    type: 'document',
    job_id: job.job_id,
    document_id: found.documentId,
    source: found.source,
    uri: one.uri,
    version: versionOf(job.run, ordinal),
    title: found.title,
    media_type: one.mediaType,
    content_hash: found.contentHash,
    metadata: one.metadata,
    part,
    parts: parts.length,
    offset: (one.offset ?? 0) + offset,
    heading_path: headings,
    text,
    deleted: false,
    language,
  }))
}
