import type { Embedder, EmbeddingSettings } from '../models/model.ts'
import { checkVectors } from '../models/vectors.ts'
import { Reject } from '../runtime/errors.ts'
import { defineStage, type Emission, emit, type Outcome, type StageContext } from '../runtime/stage.ts'
import type { Chunk } from '../schemas/chunk.ts'
import { chunks, vectors } from '../schemas/topics.ts'

type Embedded = Float32Array | Reject

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
    instead: (input, reject, { job }) => (input.type === 'chunk' ? stub(input, job.embedding.model, reject) : reject),
    async transform(inputs, context) {
      const embedder = embedderFor(context.job.embedding)
      const texts = inputs.flatMap(input => (input.type === 'chunk' ? [input.text] : []))
      const embedded = (await embedTexts(embedder, texts, context)).values()
      return inputs.map(input => {
        if (input.type === 'chunk') return embeddedChunk(input, context.job.embedding.model, embedded.next().value!)
        return input.type === 'document_end' ? [emit(vectors, input.document_id, input)] : []
      })
    },
  })

/** One vector or Reject a text, in order. A refused batch is halved until the texts that are at fault stand alone. */
const embedTexts = async (
  embedder: Embedder,
  texts: readonly string[],
  context: StageContext,
): Promise<readonly Embedded[]> => {
  if (texts.length === 0) return []
  try {
    const found = await embedder.embed(texts, context.signal, context.rest)
    checkVectors(found, texts.length, embedder)
    return found
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    if (texts.length === 1) return [error]
    const middle = texts.length >> 1
    return [
      ...(await embedTexts(embedder, texts.slice(0, middle), context)),
      ...(await embedTexts(embedder, texts.slice(middle), context)),
    ]
  }
}

const embeddedChunk = (chunk: Chunk, model: string, embedded: Embedded): Outcome<typeof vectors> =>
  embedded instanceof Reject ? stub(chunk, model, embedded) : [vectorOf(chunk, model, bytesOf(embedded))]

const stub = (chunk: Chunk, model: string, reject: Reject): Outcome<typeof vectors> => [
  vectorOf(chunk, model, Buffer.alloc(0)),
  { discard: reject, uri: null },
]

const vectorOf = (chunk: Chunk, model: string, bytes: Buffer): Emission<typeof vectors> =>
  emit(vectors, chunk.document_id, { ...chunk, type: 'vector', model, embedding: bytes })

/** float32, little endian: the layout of every machine that Node runs on. */
const bytesOf = (vector: Float32Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
