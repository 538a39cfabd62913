import type { PoolClient } from 'pg'
import type { DocumentEnd } from '../schemas/document-end.ts'
import { storable } from '../schemas/storable.ts'
import { chunkTable } from './chunk-table.ts'
import type { Lineage } from './knowledge-base.ts'
import type { StoredBase } from './settings.ts'

/** One version of one document. */
export interface DocumentVersion {
  readonly documentId: string
  readonly version: number
}

export const versionKey = ({ documentId, version }: DocumentVersion): string => `${documentId}/${version}`

/** Two columns of a set of versions, always in one order: transactions that lock the same rows cannot deadlock. */
export const columns = (versions: readonly DocumentVersion[]): [string[], number[]] => {
  const unique = [...new Map(versions.map(one => [versionKey(one), one])).values()].sort((a, b) =>
    a.documentId === b.documentId ? a.version - b.version : a.documentId < b.documentId ? -1 : 1,
  )
  return [unique.map(one => one.documentId), unique.map(one => one.version)]
}

/** The active version of each of these documents that has one. */
export const activeVersions = async (
  client: PoolClient,
  kb: StoredBase,
  documentIds: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const { rows } = await client.query<{ document_id: string; active_version: string }>(
    'select document_id, active_version from document where kb_id = $1 and document_id = any($2)',
    [kb.id, [...new Set(documentIds)]],
  )
  return new Map(rows.map(row => [row.document_id, Number(row.active_version)]))
}

/** Notes that these versions have rows, so that FINISHING finds those that never became active, or no longer are. */
export const noteVersions = async (
  client: PoolClient,
  kb: StoredBase,
  versions: readonly DocumentVersion[],
): Promise<void> => {
  if (versions.length === 0) return
  await client.query(
    `insert into document_version (kb_id, document_id, version)
     select $1, * from unnest($2::text[], $3::bigint[]) on conflict do nothing`,
    [kb.id, ...columns(versions)],
  )
}

/** Adds the ends of parts to those that came before; returns all of each version, part to number of chunks. */
export const addParts = async (
  client: PoolClient,
  kb: StoredBase,
  ends: readonly DocumentEnd[],
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> => {
  const added = new Map<string, DocumentVersion & { readonly ends: Record<string, number> }>()
  for (const { document_id: documentId, version, part, chunks } of ends) {
    const key = versionKey({ documentId, version })
    const known = added.get(key) ?? { documentId, version, ends: {} }
    known.ends[part] = chunks
    added.set(key, known)
  }
  const all = new Map<string, Readonly<Record<string, number>>>()
  const [documentIds, versions] = columns([...added.values()])
  if (documentIds.length === 0) return all
  const { rows } = await client.query<{ document_id: string; version: string; ends: Record<string, number> }>(
    `insert into document_version (kb_id, document_id, version, ends)
     select $1, * from unnest($2::text[], $3::bigint[], $4::jsonb[])
     on conflict (kb_id, document_id, version) do update set ends = document_version.ends || excluded.ends
     returning document_id, version, ends`,
    [
      kb.id,
      documentIds,
      versions,
      documentIds.map((documentId, i) =>
        JSON.stringify(added.get(versionKey({ documentId, version: versions[i]! }))!.ends),
      ),
    ],
  )
  for (const { document_id: documentId, version, ends } of rows)
    all.set(versionKey({ documentId, version: Number(version) }), ends)
  return all
}

/** Rows present, and how many of them are stubs. */
export const countRows = async (
  client: PoolClient,
  kb: StoredBase,
  versions: readonly DocumentVersion[],
): Promise<ReadonlyMap<string, { readonly rows: number; readonly stubs: number }>> => {
  if (versions.length === 0) return new Map()
  const { rows } = await client.query<{ document_id: string; version: string; rows: string; stubs: string }>(
    `select v.document_id, v.version, count(c.position) as rows,
            count(c.position) filter (where c.embedding is null) as stubs
     from unnest($1::text[], $2::bigint[]) v (document_id, version)
     left join ${chunkTable(kb.number)} c on c.document_id = v.document_id and c.version = v.version
     group by v.document_id, v.version`,
    columns(versions),
  )
  return new Map(
    rows.map(row => [
      versionKey({ documentId: row.document_id, version: Number(row.version) }),
      { rows: Number(row.rows), stubs: Number(row.stubs) },
    ]),
  )
}

/** A version whose rows are all there. */
export interface Complete extends Lineage {
  readonly end: DocumentEnd
  readonly chunks: number
  readonly stubs: number
}

/** Makes versions active, upward only; one a document. Returns the documents that moved. */
export const flip = async (
  client: PoolClient,
  kb: StoredBase,
  made: { readonly settingsHash: string; readonly jobId: string; readonly makerId: string },
  complete: readonly Complete[],
): Promise<ReadonlySet<string>> => {
  if (complete.length === 0) return new Set()
  const sorted = complete.toSorted((a, b) => (a.end.document_id < b.end.document_id ? -1 : 1))
  const ends = sorted.map(({ end }) => end)
  const { rows } = await client.query<{ document_id: string }>(
    `insert into document as d (kb_id, settings_hash, document_id, active_version, source, uri, title, media_type,
       metadata, content_hash, chunks, stubs, deleted, traceparent, origin, job_id, maker_id)
     select $1, $2, *, $16::text, $17::text from unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
       $8::text[], $9::jsonb[], $10::text[], $11::int[], $12::int[], $13::boolean[], $14::text[], $15::text[])
     on conflict (kb_id, document_id) do update set
       settings_hash = excluded.settings_hash, active_version = excluded.active_version, source = excluded.source,
       uri = excluded.uri, title = excluded.title, media_type = excluded.media_type, metadata = excluded.metadata,
       content_hash = excluded.content_hash, chunks = excluded.chunks, stubs = excluded.stubs,
       deleted = excluded.deleted, traceparent = excluded.traceparent, origin = excluded.origin,
       job_id = excluded.job_id, maker_id = excluded.maker_id, updated_at = now()
     where d.active_version < excluded.active_version
     returning document_id`,
    [
      kb.id,
      made.settingsHash,
      ends.map(end => end.document_id),
      ends.map(end => end.version),
      ends.map(end => storable(end.source)),
      ends.map(end => storable(end.uri)),
      ends.map(end => storable(end.title)),
      ends.map(end => storable(end.media_type)),
      ends.map(end => JSON.stringify(storableMap(end.metadata))),
      ends.map(end => end.content_hash),
      sorted.map(({ chunks }) => chunks),
      sorted.map(({ stubs }) => stubs),
      ends.map(end => end.deleted),
      sorted.map(({ traceparent }) => traceparent),
      sorted.map(({ origin }) => origin),
      made.jobId,
      made.makerId,
    ],
  )
  return new Set(rows.map(row => row.document_id))
}

const storableMap = (map: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [storable(key), storable(value)]))

/** Removes versions with all their rows. One that is active stays, whatever was asked. */
export const dropVersions = async (
  client: Pick<PoolClient, 'query'>,
  kb: StoredBase,
  versions: readonly DocumentVersion[],
): Promise<void> => {
  if (versions.length === 0) return
  const values = [kb.id, ...columns(versions)]
  const inactive = `not exists (
    select 1 from document d
    where d.kb_id = $1 and d.document_id = v.document_id and d.active_version = v.version)`
  await client.query(
    `delete from ${chunkTable(kb.number)} c using unnest($2::text[], $3::bigint[]) v (document_id, version)
     where c.document_id = v.document_id and c.version = v.version and ${inactive}`,
    values,
  )
  await client.query(
    `delete from document_version dv using unnest($2::text[], $3::bigint[]) v (document_id, version)
     where dv.kb_id = $1 and dv.document_id = v.document_id and dv.version = v.version and ${inactive}`,
    values,
  )
}
