import { finished } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { codeOf } from '../runtime/errors.ts'
import type { ChunkRow } from './chunk-rows.ts'
import { chunkTable } from './chunk-table.ts'
import { copyOf } from './copy-format.ts'
import { halfvecArray } from './half-vectors.ts'

/** Stores rows in the table of a knowledge base, in the transaction of `client`. A row that is there already is replaced. */
export type ChunkWriter = (client: PoolClient, number: number, rows: readonly ChunkRow[]) => Promise<void>

const columns = 'document_id, version, position, chunk_id, start_offset, tokens, headings, text, embedding'

/** `INSERT … SELECT FROM unnest(arrays)`: one statement a slice, for a database without COPY. */
export const insertChunks: ChunkWriter = async (client, number, rows) => {
  if (rows.length === 0) return
  // One statement cannot touch a row twice: of equal keys the last one counts.
  const unique = [...new Map(rows.map(row => [`${row.documentId}/${row.version}/${row.position}`, row])).values()]
  await client.query(
    `insert into ${chunkTable(number)} (${columns})
     select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::int[], $7::text[],
       $8::text[], $9::halfvec[])
     on conflict (document_id, version, position) do update set
       chunk_id = excluded.chunk_id, start_offset = excluded.start_offset, tokens = excluded.tokens,
       headings = excluded.headings, text = excluded.text, embedding = excluded.embedding`,
    [
      unique.map(row => row.documentId),
      unique.map(row => row.version),
      unique.map(row => row.position),
      unique.map(row => row.chunkId),
      unique.map(row => row.offset),
      unique.map(row => row.tokens),
      unique.map(row => row.headings),
      unique.map(row => row.text),
      halfvecArray(
        unique.map(row => row.embedding),
        await halfvecOid(client),
      ),
    ],
  )
}

/** The number of the type `halfvec`, which differs from database to database. */
const halfvecOid = async (client: PoolClient): Promise<number> => {
  const { rows } = await client.query<{ oid: string }>(`select 'halfvec'::regtype::int as oid`)
  return Number(rows[0]!.oid)
}

const uniqueViolation = '23505'

/** Binary COPY: the fast way. A slice with a row that is there already goes the other way. */
export const copyChunks: ChunkWriter = async (client, number, rows) => {
  if (rows.length === 0) return
  await client.query('savepoint chunks')
  try {
    const stream = client.query(copyFrom(`copy ${chunkTable(number)} (${columns}) from stdin (format binary)`))
    stream.end(copyOf(rows))
    await finished(stream)
  } catch (error) {
    if (codeOf(error) !== uniqueViolation) throw error
    await client.query('rollback to savepoint chunks')
    await insertChunks(client, number, rows)
  }
}
