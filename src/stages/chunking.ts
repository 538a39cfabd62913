import { chunkText } from '../chunking/chunk-text.ts'
import { defineStage, type Emission, emit } from '../runtime/stage.ts'
import type { Document } from '../schemas/document.ts'
import { chunkId } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { chunks, documents } from '../schemas/topics.ts'

/**
 * CHUNKING cuts documents into pieces small enough for a model, and says after each document, or part of one, how many
 * there were. Chunks depend on the part's text and the job's settings alone, never on how slices fell.
 */
export const chunking = () =>
  defineStage({
    name: 'chunking',
    phase: 'CHUNKING',
    from: documents,
    to: [chunks],
    slice: { records: 256, bytes: 2 * 1024 * 1024 },
    computes: () => true,
    async transform(inputs, { job, rest }) {
      const outcomes: Emission<typeof chunks>[][] = []
      for (const input of inputs) {
        await rest()
        outcomes.push(input.type === 'document' ? chunked(input, job) : [])
      }
      return outcomes
    },
  })

/** The index of a chunk in its part stays below this; the part stands above it. */
const partStride = 2 ** 20

const chunked = (document: Document, { chunking: settings }: LaneJob): Emission<typeof chunks>[] => {
  const { job_id, document_id, version, part, parts } = document
  const pieces = document.deleted ? [] : piecesOf(document, settings)
  const occurrences = new Map<string, number>()
  const records = pieces.map(({ offset, text, tokens, headingPath }, index) => {
    const occurrence = occurrences.get(text) ?? 0
    occurrences.set(text, occurrence + 1)
    return emit(chunks, document_id, {
      type: 'chunk',
      job_id,
      document_id,
      version,
      chunk_id: chunkId(document_id, parts > 1 ? part : null, text, occurrence),
      position: part * partStride + index,
      offset: document.offset + offset,
      heading_path: headingPath,
      text,
      tokens,
    })
  })
  records.push(emit(chunks, document_id, endOf(document, pieces.length)))
  return records
}

const piecesOf = ({ text, media_type, heading_path }: Document, settings: LaneJob['chunking']) =>
  chunkText({ text, mediaType: media_type, headings: heading_path }, settings)

const endOf = (document: Document, count: number) => {
  const { job_id, document_id, source, uri, version, title, media_type, content_hash, metadata } = document
  const { part, parts, deleted } = document
  const named = { job_id, document_id, source, uri, version, title, media_type, content_hash, metadata }
  return { type: 'document_end', ...named, part, parts, chunks: count, deleted } as const
}
