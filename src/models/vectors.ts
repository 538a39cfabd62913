import type { EmbeddingSettings } from './model.ts'

/** The provider answered, but not with what was asked for. Retried; nothing of the answer is stored. */
export class BadVectors extends Error {
  override readonly name = 'BadVectors'
  readonly code = 'bad_vectors'
}

/** The largest number of a 16-bit float, in which the store keeps vectors. */
const largestHalf = 65504

/** Throws BadVectors unless there is one vector a text, of the right length, finite, storable and not all zeros. */
export const checkVectors = (
  vectors: readonly Float32Array[],
  count: number,
  settings: Pick<EmbeddingSettings, 'model' | 'dimensions'>,
): void => {
  const fault = faultOf(vectors, count, settings.dimensions)
  if (fault) throw new BadVectors(`The embedding model ${settings.model} answered ${fault}.`)
}

const faultOf = (vectors: readonly Float32Array[], count: number, dimensions: number): string | null => {
  if (vectors.length !== count) return `${count} texts with ${vectors.length} vectors`
  for (const vector of vectors) {
    if (vector.length !== dimensions)
      return `with a vector of ${vector.length} numbers where the knowledge base has ${dimensions} dimensions`
    let largest = 0
    for (const number of vector) {
      // Written so that NaN fails it too.
      if (!(Math.abs(number) <= largestHalf)) return `with the number ${number}, which cannot be stored`
      largest = Math.max(largest, Math.abs(number))
    }
    if (largest === 0) return 'with a vector of zeros, which has no direction to compare'
  }
  return null
}
