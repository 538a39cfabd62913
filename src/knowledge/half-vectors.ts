/// <reference lib="esnext.float16" />

/**
 * Vectors as pgvector sends and receives `halfvec`: number of dimensions and a reserved field, each 16 bits, then half
 * precision numbers, all big endian. Rounds to the nearest, ties to even, as pgvector itself does.
 */
const headBytes = 4

export const halfvecBytes = (dimensions: number): number => headBytes + 2 * dimensions

/** Writes `vector` at `at`; returns the offset after it. */
export const writeHalfvec = (vector: Float32Array, target: Buffer, at: number): number => {
  target.writeUInt16BE(vector.length, at)
  target.writeUInt16BE(0, at + 2)
  const halves = Float16Array.from(vector)
  const bytes = Buffer.from(halves.buffer).swap16()
  target.set(bytes, at + headBytes)
  return at + headBytes + bytes.length
}

/** `halfvec[]` in PostgreSQL's binary form of arrays; a null stays a null. `oid` is that of the type `halfvec`. */
export const halfvecArray = (vectors: readonly (Float32Array | null)[], oid: number): Buffer => {
  const bytes = vectors.reduce((sum, vector) => sum + 4 + (vector ? halfvecBytes(vector.length) : 0), 20)
  const array = Buffer.allocUnsafe(bytes)
  const hasNulls = vectors.includes(null)
  const head = [1, hasNulls ? 1 : 0, oid, vectors.length, 1]
  let at = 0
  for (const field of head) at = array.writeInt32BE(field, at)
  for (const vector of vectors) {
    at = array.writeInt32BE(vector ? halfvecBytes(vector.length) : -1, at)
    if (vector) at = writeHalfvec(vector, array, at)
  }
  return array
}
