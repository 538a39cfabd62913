import type { ChunkRow } from './chunk-rows.ts'
import { halfvecBytes, writeHalfvec } from './half-vectors.ts'

/** Source: PostgreSQL 18 documentation, COPY, "Binary Format". */
const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const fields = 9
/** Field count and the lengths of all fields; three bigints and an int. */
const fixedBytes = 2 + 4 * fields + 3 * 8 + 4
const lengthOfNull = -1

const bytesOf = (row: ChunkRow): number =>
  fixedBytes +
  Buffer.byteLength(row.documentId) +
  Buffer.byteLength(row.chunkId) +
  Buffer.byteLength(row.headings) +
  Buffer.byteLength(row.text) +
  (row.embedding ? halfvecBytes(row.embedding.length) : 0)

/** Rows in the order of the columns that `chunk-writers.ts` names. */
export const copyOf = (rows: readonly ChunkRow[]): Buffer => {
  const target = Buffer.allocUnsafe(rows.reduce((sum, row) => sum + bytesOf(row), signature.length + 2))
  let at = signature.copy(target)

  const text = (value: string) => {
    const bytes = target.write(value, at + 4)
    target.writeInt32BE(bytes, at)
    at += 4 + bytes
  }
  const bigint = (value: number) => {
    at = target.writeInt32BE(8, at)
    at = target.writeBigInt64BE(BigInt(value), at)
  }
  const int = (value: number) => {
    at = target.writeInt32BE(4, at)
    at = target.writeInt32BE(value, at)
  }

  for (const row of rows) {
    at = target.writeInt16BE(fields, at)
    text(row.documentId)
    bigint(row.version)
    bigint(row.position)
    text(row.chunkId)
    bigint(row.offset)
    int(row.tokens)
    text(row.headings)
    text(row.text)
    if (row.embedding) {
      at = target.writeInt32BE(halfvecBytes(row.embedding.length), at)
      at = writeHalfvec(row.embedding, target, at)
    } else at = target.writeInt32BE(lengthOfNull, at)
  }
  target.writeInt16BE(-1, at)
  return target
}
