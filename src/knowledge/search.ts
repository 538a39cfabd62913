import type { Pool, PoolClient } from 'pg'
import { codeOf } from '../runtime/errors.ts'
import { storable } from '../schemas/storable.ts'
import { headingPath } from './chunk-rows.ts'
import { chunkTable, indexNames } from './chunk-table.ts'
import type { SearchHit, SearchQuery } from './knowledge-base.ts'
import { fuse } from './rank-fusion.ts'
import { type StoredBase, storedBase, unknownBase } from './settings.ts'
import { inTransaction, snapshot } from './transaction.ts'

/** A hit with what a list is ordered by after its score: the order is the same wherever and whenever it is asked. */
interface Row {
  readonly document_id: string
  readonly version: string
  readonly position: string
  readonly chunk_id: string
  readonly start_offset: string
  readonly headings: string
  readonly text: string
  readonly uri: string
  readonly title: string
  readonly traceparent: string | null
  readonly score: number
}

const columns =
  'c.document_id, c.version, c.position, c.chunk_id, c.start_offset, c.headings, c.text, d.uri, d.title, d.traceparent'

/** How deep each list is read before the two are made one. */
const fusedDepth = (topK: number) => Math.max(100, 4 * topK)

/** The best chunks of the active versions. One snapshot: no document is seen in two versions, or half. */
export const search = (pool: Pool, query: SearchQuery, begin = snapshot): Promise<readonly SearchHit[]> =>
  inTransaction(pool, begin, async client => {
    const kb = await storedBase(client, query.kb)
    return found(client, kb, query).catch(error => {
      throw codeOf(error) === noSuchTable ? unknownBase(kb.id) : error
    })
  })

/** Its table is dropped before its row goes. */
const noSuchTable = '42P01'

const found = async (client: PoolClient, kb: StoredBase, query: SearchQuery): Promise<readonly SearchHit[]> => {
  switch (query.mode) {
    case 'vector':
      return (await byVector(client, kb, query, query.topK)).map(hitOf)
    case 'text':
      return (await byText(client, kb, query, query.topK)).map(hitOf)
    case 'hybrid': {
      const depth = fusedDepth(query.topK)
      const near = await byVector(client, kb, query, depth)
      const worded = await byText(client, kb, query, depth)
      // Of equal ranks, what has the words comes before what is merely near.
      return fuse([worded, near], row => `${row.document_id}/${row.position}`)
        .slice(0, query.topK)
        .map(({ item, score }) => hitOf({ ...item, score }))
    }
  }
}

/** Joins a chunk to its document if the chunk's version is the active one, with the filters of the query. */
const fromActive = (kb: StoredBase, { filters }: SearchQuery, values: unknown[]): string => {
  const parameter = (value: unknown) => `$${values.push(value)}`
  const conditions = [
    `d.kb_id = ${parameter(kb.id)}`,
    'd.document_id = c.document_id',
    'd.active_version = c.version',
    ...(filters.source === undefined ? [] : [`d.source = ${parameter(filters.source)}`]),
    ...(filters.uriPrefix === undefined ? [] : [`starts_with(d.uri, ${parameter(filters.uriPrefix)})`]),
    ...(filters.documentId === undefined ? [] : [`c.document_id = ${parameter(filters.documentId)}`]),
  ]
  return `${chunkTable(kb.number)} c join document d on ${conditions.join(' and ')}`
}

type VectorQuery = SearchQuery & { readonly vector: Float32Array }
const hasVector = (query: SearchQuery): query is VectorQuery => query.vector !== null

const byVector = async (
  client: PoolClient,
  kb: StoredBase,
  query: SearchQuery,
  limit: number,
): Promise<readonly Row[]> => {
  if (!hasVector(query)) throw new Error('A search by vector needs the vector of the query.')
  if (query.vector.length !== kb.dimensions)
    throw new Error(
      `The query's vector has ${query.vector.length} dimensions; the knowledge base ${kb.id} has ${kb.dimensions}.`,
    )
  if (query.filters.documentId === undefined && (await hasVectorIndex(client, kb))) {
    const rows = await nearestByIndex(client, kb, query, limit)
    // Filters and old versions thin out what an index finds; then every vector is compared.
    if (rows.length === limit) return rows
  }
  return nearest(client, kb, query, limit)
}

const distance = (kb: StoredBase) => `c.embedding <=> $1::halfvec(${kb.dimensions})`
const vectorText = (vector: Float32Array) => `[${vector.join(',')}]`

/** Compares every vector. */
const nearest = async (client: PoolClient, kb: StoredBase, query: VectorQuery, limit: number) => {
  const values: unknown[] = [vectorText(query.vector), limit]
  const { rows } = await client.query<Row>(
    `select ${columns}, 1 - (${distance(kb)}) as score from ${fromActive(kb, query, values)}
     where c.embedding is not null order by score desc, c.document_id, c.position limit $2`,
    values,
  )
  return rows
}

/** The planner does not know that a scan of this index ends early, so it is left no other way. */
const indexOnly = (limit: number) => `
  set local enable_seqscan = off; set local enable_sort = off;
  set local enable_hashjoin = off; set local enable_mergejoin = off;
  set local hnsw.iterative_scan = strict_order; set local hnsw.ef_search = ${efSearch(limit)}`
const anyPlan = `
  set local enable_seqscan = on; set local enable_sort = on;
  set local enable_hashjoin = on; set local enable_mergejoin = on`

const nearestByIndex = async (client: PoolClient, kb: StoredBase, query: VectorQuery, limit: number) => {
  await client.query(indexOnly(limit))
  const values: unknown[] = [vectorText(query.vector), limit]
  const { rows } = await client.query<Row>(
    `select ${columns}, 1 - (${distance(kb)}) as score from ${fromActive(kb, query, values)}
     where c.embedding is not null order by ${distance(kb)} limit $2`,
    values,
  )
  await client.query(anyPlan)
  return rows.sort(
    (a, b) => b.score - a.score || compare(a.document_id, b.document_id) || Number(a.position) - Number(b.position),
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const efSearch = (limit: number) => Math.min(1000, Math.max(100, limit))

const hasVectorIndex = async (client: PoolClient, kb: StoredBase): Promise<boolean> => {
  const { rows } = await client.query<{ found: boolean }>('select to_regclass($1) is not null as found', [
    indexNames(kb.number).vectors,
  ])
  return rows[0]!.found
}

/** All words first; where no chunk has all of them, any of them. */
const allWords = `websearch_to_tsquery('english', $1)`
const anyWord = `replace(plainto_tsquery('english', $1)::text, ' & ', ' | ')::tsquery`

const byText = async (
  client: PoolClient,
  kb: StoredBase,
  query: SearchQuery,
  limit: number,
): Promise<readonly Row[]> => {
  for (const words of [allWords, anyWord]) {
    const values: unknown[] = [storable(query.text), limit]
    const { rows } = await client.query<Row>(
      `select ${columns}, ts_rank_cd(c.search, q.words, 1)::float8 as score
       from (select ${words} as words) q, ${fromActive(kb, query, values)}
       where c.search @@ q.words order by score desc, c.document_id, c.position limit $2`,
      values,
    )
    if (rows.length > 0) return rows
  }
  return []
}

const hitOf = (row: Row): SearchHit => ({
  score: row.score,
  text: row.text,
  uri: row.uri,
  title: row.title,
  headingPath: headingPath(row.headings),
  position: Number(row.position),
  offset: Number(row.start_offset),
  documentId: row.document_id,
  chunkId: row.chunk_id,
  version: Number(row.version),
  traceparent: row.traceparent,
})
