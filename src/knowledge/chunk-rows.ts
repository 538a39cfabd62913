import { Reject } from '../runtime/errors.ts'
import { storable } from '../schemas/storable.ts'
import type { Vector } from '../schemas/vector.ts'

/** A row of a table of chunks, with its values as PostgreSQL takes them. */
export interface ChunkRow {
  readonly documentId: string
  readonly version: number
  readonly position: number
  readonly chunkId: string
  readonly offset: number
  readonly tokens: number
  readonly headings: string
  readonly text: string
  /** null for a stub. A view, in the machine's byte order. */
  readonly embedding: Float32Array | null
}

const floatBytes = 4
/** Larger numbers are infinite in half precision. */
const halfMax = 65504

/** Headings are kept as lines, so that they can be searched as one text. */
const headingLines = (path: readonly string[]): string =>
  path.map(heading => storable(heading).replaceAll('\n', ' ')).join('\n')

export const headingPath = (lines: string): readonly string[] => (lines === '' ? [] : lines.split('\n'))

const embeddingOf = ({ embedding: bytes, chunk_id }: Vector, dimensions: number): Float32Array | null | Reject => {
  if (bytes.length === 0) return null
  if (bytes.length !== dimensions * floatBytes)
    return new Reject(
      'wrong_dimensions',
      `The vector of chunk ${chunk_id} has ${bytes.length} bytes; ${dimensions} dimensions of float32 are ` +
        `${dimensions * floatBytes}. It was made by another model than the knowledge base's.`,
    )
  const aligned = bytes.byteOffset % floatBytes === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer)
  const vector = new Float32Array(aligned.buffer, aligned.byteOffset, dimensions)
  let direction = false
  for (let i = 0; i < dimensions; i++) {
    const size = Math.abs(vector[i]!)
    // NaN fails this comparison too.
    if (!(size <= halfMax))
      return new Reject(
        'not_finite',
        `The vector of chunk ${chunk_id} has ${vector[i]} in dimension ${i}, which no vector column can hold.`,
      )
    if (size > 0) direction = true
  }
  if (!direction)
    return new Reject('zero_vector', `The vector of chunk ${chunk_id} is all zeros and has no direction to compare.`)
  return vector
}

/** The row of a chunk, or why it can never be stored. */
export const rowOf = (chunk: Vector, dimensions: number): ChunkRow | Reject => {
  const embedding = embeddingOf(chunk, dimensions)
  if (embedding instanceof Reject) return embedding
  return {
    documentId: chunk.document_id,
    version: chunk.version,
    position: chunk.position,
    chunkId: chunk.chunk_id,
    offset: chunk.offset,
    tokens: chunk.tokens,
    headings: headingLines(chunk.heading_path),
    text: storable(chunk.text),
    embedding,
  }
}
