import type { Pool, PoolClient } from 'pg'
import { chunkTable } from '../knowledge/chunk-table.ts'
import type { StoredBase } from '../knowledge/settings.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import { type Owners, ownersOf } from './owners.ts'

/** A document as its row says it is. */
export interface StoredDocument {
  readonly document_id: string
  readonly uri: string
  readonly active_version: number
  readonly chunks: number
  readonly stubs: number
  readonly deleted: boolean
  /** The next run makes it anew, although it is unchanged. */
  readonly marked: boolean
}

/** The rows of one version of a document in the table of chunks, counted. */
export interface StoredRows {
  readonly document_id: string
  readonly version: number
  readonly rows: number
  /** Without a vector. */
  readonly nulls: number
  /** With a vector of no direction. */
  readonly zeros: number
  readonly empty: number
  /** The positions of some part do not count from 0. */
  readonly gap: boolean
}

/** All that is stored of the documents of a range of ids, as of one moment. */
export interface DocumentRange {
  readonly owners: Owners
  readonly documents: readonly StoredDocument[]
  /** Versions that are noted for pruning. */
  readonly versions: readonly { readonly document_id: string; readonly version: number }[]
  readonly rows: readonly StoredRows[]
  /** Runs of the knowledge base so far. */
  readonly lastRun: number
}

/**
 * Everything of a knowledge base in ranges of document ids, so that no statement and no snapshot is long: about `size`
 * rows each, and whatever the last document of a range has.
 */
export async function* documentRanges(
  pool: Pool,
  kb: StoredBase,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<DocumentRange, void> {
  for (let after: string | null = ''; after !== null; ) {
    signal.throwIfAborted()
    const from: string = after
    const [range, upTo] = await inTransaction(pool, snapshot, async client => {
      const end = await endOf(client, kb, from, size)
      return [await read(client, kb, from, end), end] as const
    })
    yield range
    after = upTo
  }
}

/** The document id with which a range ends, or null for the last one. */
const endOf = async (client: PoolClient, kb: StoredBase, after: string, size: number): Promise<string | null> => {
  const nth = (table: string, condition: string) =>
    `(select document_id from ${table} where ${condition} document_id > $2 order by document_id offset $3 limit 1)`
  const { rows } = await client.query<{ upto: string | null }>(
    `select min(document_id) as upto from (
       select * from ${nth('document', 'kb_id = $1 and')} a union all
       select * from ${nth('document_version', 'kb_id = $1 and')} b union all
       select * from ${nth(chunkTable(kb.number), '')} c) ends`,
    [kb.id, after, size],
  )
  return rows[0]!.upto
}

const read = async (client: PoolClient, kb: StoredBase, after: string, upTo: string | null): Promise<DocumentRange> => {
  const ofKb = upTo === null ? [kb.id, after] : [kb.id, after, upTo]
  const within = `document_id > $2${upTo === null ? '' : ' and document_id <= $3'}`
  const { rows: documents } = await client.query<Omit<StoredDocument, 'active_version'> & { active_version: string }>(
    `select document_id, uri, active_version, chunks, stubs, deleted, settings_hash = '' as marked
     from document where kb_id = $1 and ${within} order by document_id`,
    ofKb,
  )
  const { rows: versions } = await client.query<{ document_id: string; version: string }>(
    `select document_id, version from document_version where kb_id = $1 and ${within}`,
    ofKb,
  )
  const { rows } = await client.query<Omit<StoredRows, 'version'> & { version: string }>(
    `select document_id, version, sum(rows)::int as rows, sum(nulls)::int as nulls, sum(zeros)::int as zeros,
       sum(empty)::int as empty, bool_or(last <> rows - 1) as gap
     from (
       select document_id, version, position >> 20 as part, count(*) as rows, max(position & 1048575) as last,
         count(*) filter (where embedding is null) as nulls,
         count(*) filter (where l2_norm(embedding) = 0) as zeros,
         count(*) filter (where text = '') as empty
       from ${chunkTable(kb.number)} where document_id > $1${upTo === null ? '' : ' and document_id <= $2'}
       group by document_id, version, part) parts
     group by document_id, version`,
    ofKb.slice(1),
  )
  const { rows: runs } = await client.query<{ last: string }>(
    'select coalesce(max(run), 0) as last from job where kb_id = $1',
    [kb.id],
  )
  return {
    owners: await ownersOf(client, kb.id),
    documents: documents.map(one => ({ ...one, active_version: Number(one.active_version) })),
    versions: versions.map(one => ({ ...one, version: Number(one.version) })),
    rows: rows.map(one => ({ ...one, version: Number(one.version) })),
    lastRun: Number(runs[0]!.last),
  }
}
