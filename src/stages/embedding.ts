import type { Embedder, EmbeddingSettings } from '../models/model.ts'
import { checkVectors } from '../models/vectors.ts'
import type { Reject } from '../runtime/errors.ts'
import { defineStage, type Emission, emit, type Outcome, type StageContext } from '../runtime/stage.ts'
import type { Chunk } from '../schemas/chunk.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { chunks, vectors } from '../schemas/topics.ts'

/**
 * EMBEDDING turns chunks into vectors, all those of a slice in one call of the model; document ends pass by.
 *
 * A chunk that the provider refuses goes to the dead letters, and a stub of it (its text, an empty embedding) goes on
 * in its place: the count in the document end still holds, and the document is found by its other chunks and by text.
 */
export const embedding = (embedderFor: (settings: EmbeddingSettings) => Embedder) =>
  defineStage({
    name: 'embedding',
    phase: 'EMBEDDING',
    from: chunks,
    to: [vectors],
    slice: { records: 512, bytes: 4 * 1024 * 1024 },
    computes: ({ embedding: { provider } }) => provider === 'hashing',
    instead: (input, reject, { job }) => (input.type === 'chunk' ? stub(input, job, reject) : reject),
    async transform(inputs, context) {
      const embedder = embedderFor(context.job.embedding)
      const texts = inputs.flatMap(input => (input.type === 'chunk' ? [input.text] : []))
      const embedded = (await embedTexts(embedder, texts, context)).values()
      return inputs.map(input => {
        if (input.type === 'chunk') return [vectorOf(input, context.job, bytesOf(embedded.next().value!))]
        return input.type === 'document_end' ? [emit(vectors, input.document_id, input)] : []
      })
    },
  })

const embedTexts = async (
  embedder: Embedder,
  texts: readonly string[],
  { signal, rest }: StageContext,
): Promise<readonly Float32Array[]> => {
  if (texts.length === 0) return []
  const found = await embedder.embed(texts, signal, rest)
  checkVectors(found, texts.length, embedder)
  return found
}

const stub = (chunk: Chunk, job: LaneJob, reject: Reject): Outcome<typeof vectors> => [
  vectorOf(chunk, job, Buffer.alloc(0)),
  { discard: reject, uri: null },
]

const vectorOf = (chunk: Chunk, { embedding }: LaneJob, bytes: Buffer): Emission<typeof vectors> =>
  emit(vectors, chunk.document_id, { ...chunk, type: 'vector', model: embedding.model, embedding: bytes })

/** float32, little endian: the layout of every machine that Node runs on. */
const bytesOf = (vector: Float32Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
