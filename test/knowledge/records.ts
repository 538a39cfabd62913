import { createHash } from 'node:crypto'
import type { SourceListing } from '../../src/knowledge/knowledge-base.ts'
import type { DocumentEnd } from '../../src/schemas/document-end.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import { laneJob } from '../kit/line.ts'

export const dimensions = 4

/** A run of a knowledge base; `run` is the high part of its versions. */
export const jobOf = (kbId: string, run = 1, chunkSize = 400): LaneJob =>
  laneJob({
    job_id: `${kbId}-run-${run}`,
    kb_id: kbId,
    run,
    chunking: { strategy: 'markdown', chunk_size: chunkSize, chunk_overlap: 40 },
    embedding: { provider: 'hashing', model: 'test', dimensions },
  })

export const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)
export const versionOf = (job: LaneJob, ordinal = 0): number => job.run * 2 ** 32 + ordinal

/** float32, little endian. */
export const bytesOf = (numbers: readonly number[]): Buffer => Buffer.from(new Float32Array(numbers).buffer)

/** A source that was listed whole, in one bite. */
export const listingOf: SourceListing = { index: 0, source: 'files', first: true, ended: true, unlisted: [] }

/** A document of `recordsOf` as LOADING finds it. */
export const seenAs = (job: LaneJob, uri: string, source = 'files', content = `fox ${uri}`) => ({
  documentId: idOf(`${job.kb_id}/${source}/${uri}`),
  source,
  uri,
  contentHash: idOf(content),
})

export interface Written {
  readonly uri: string
  readonly texts: readonly string[]
  readonly version?: number
  readonly vectors?: readonly (readonly number[])[]
  readonly source?: string
  readonly content?: string
  readonly deleted?: boolean
  /** Number and count of parts. */
  readonly part?: readonly [number, number]
  /** What the end claims, where that is to be wrong. */
  readonly claims?: number
  readonly headings?: readonly string[]
}

/** The records of a document, or of one part of it: its chunks and its end. */
export const recordsOf = (job: LaneJob, document: Written): readonly (Vector | DocumentEnd)[] => {
  const { uri, texts, source = 'files', part: [part, parts] = [0, 1] } = document
  const documentId = idOf(`${job.kb_id}/${source}/${uri}`)
  const version = document.version ?? versionOf(job)
  const chunks = texts.map(
    (text, i): Vector => ({
      type: 'vector',
      job_id: job.job_id,
      document_id: documentId,
      version,
      chunk_id: idOf(`${documentId}/${part}/${text}/${i}`),
      position: part * 2 ** 20 + i,
      offset: i * 100,
      heading_path: document.headings ?? ['Guide', uri],
      text,
      tokens: text.split(' ').length,
      model: 'test',
      embedding: bytesOf(document.vectors?.[i] ?? [1, i, 0, 0]),
    }),
  )
  return [
    ...chunks,
    {
      type: 'document_end',
      job_id: job.job_id,
      document_id: documentId,
      source,
      uri,
      version,
      title: `Title of ${uri}`,
      media_type: 'text/markdown',
      content_hash: idOf(document.content ?? texts.join('\n')),
      metadata: { author: 'test' },
      part,
      parts,
      chunks: document.claims ?? texts.length,
      deleted: document.deleted ?? false,
    },
  ]
}
