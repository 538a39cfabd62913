import type { Pool } from 'pg'
import { buildIndex } from '../knowledge/chunk-indexes.ts'
import { chunkIndex, chunkTable, indexNames, textIndex } from '../knowledge/chunk-table.ts'
import type { StoredBase } from '../knowledge/settings.ts'
import { inTransaction } from '../knowledge/transaction.ts'
import { columns, dropVersions } from '../knowledge/versions.ts'
import type { Code } from './codes.ts'
import { documentRanges } from './document-ranges.ts'
import { type DocumentFinding, documentFindings } from './documents.ts'
import { forgottenOf } from './live-jobs.ts'
import { isLeftOver, mayWrite, ownersOf } from './owners.ts'

export interface RepairOptions {
  readonly pool: Pool
  readonly embedded: boolean
  /** Rows that are looked at in one transaction. */
  readonly rangeSize: number
  readonly signal: AbortSignal
}

/** Versions that one transaction changes. */
const batch = 200

/** Deletes the applied rows that nobody will read: a job that has ended never goes on. Returns how many. */
export const deleteForgotten = async (pool: Pool, kbId: string | null): Promise<number> => {
  const { rowCount } = await pool.query(
    `delete from applied where (job_id, stage, lane) in (
       select a.job_id, a.stage, a.lane from applied a left join job j on j.id = a.job_id where ${forgottenOf(kbId)})`,
    [kbId],
  )
  return rowCount ?? 0
}

/** Builds the indexes that are not there, unless a job is under way: its writes would wait for the build. */
export const buildMissing = async ({ pool, embedded, signal }: RepairOptions, kb: StoredBase): Promise<number> => {
  const names = indexNames(kb.number)
  const count = async () => {
    const { rows } = await pool.query<{ busy: boolean; there: number }>(
      `select exists (select from job j where j.kb_id = $1 and ${mayWrite}) as busy,
         (select count(*)::int from pg_index i join pg_class c on c.oid = i.indexrelid
          where i.indrelid = to_regclass($2) and c.relname = any($3)) as there`,
      [kb.id, chunkTable(kb.number), [names.chunk, names.text]],
    )
    return rows[0]!
  }
  const before = await count()
  if (before.busy) return 0
  for (const statement of [chunkIndex(kb.number), textIndex(kb.number)])
    await buildIndex({ pool, embedded }, statement, signal)
  return (await count()).there - before.there
}

/** Does what can be done about documents for these codes; returns how many versions of each were changed. */
export const repairDocuments = async (
  options: RepairOptions,
  kb: StoredBase,
  codes: readonly Code[],
): Promise<ReadonlyMap<Code, number>> => {
  const { pool, rangeSize, signal } = options
  const done = new Map<Code, number>()
  for await (const range of documentRanges(pool, kb, rangeSize, signal)) {
    const found = documentFindings(range).filter(one => one.repairable !== false && codes.includes(one.code))
    for (const [code, all] of Map.groupBy(found, one => one.code))
      for (let from = 0; from < all.length; from += batch) {
        signal.throwIfAborted()
        const changed = await repairOf[code]?.(pool, kb, all.slice(from, from + batch))
        if (changed) done.set(code, (done.get(code) ?? 0) + changed)
      }
  }
  return done
}

type DocumentRepair = (pool: Pool, kb: StoredBase, found: readonly DocumentFinding[]) => Promise<number>

const versions = 'unnest($2::text[], $3::bigint[]) v (document_id, version)'
const sameVersion = 'd.kb_id = $1 and d.document_id = v.document_id and d.active_version = v.version'

/** No job is admitted meanwhile, so none begins to own a version; what is active by now stays. */
const drop: DocumentRepair = (pool, kb, found) =>
  inTransaction(pool, 'begin', async client => {
    await client.query('select 1 from admission for update')
    const owners = await ownersOf(client, kb.id)
    const { rows } = await client.query<{ document_id: string; active_version: string }>(
      'select document_id, active_version from document where kb_id = $1 and document_id = any($2)',
      [kb.id, found.map(one => one.documentId)],
    )
    const active = new Map(rows.map(row => [row.document_id, Number(row.active_version)]))
    const dropped = found.filter(one => isLeftOver(one.version, active.get(one.documentId) ?? null, owners))
    await dropVersions(client, kb, dropped)
    return dropped.length
  })

/** No hash is empty, so the next listing finds the document changed. A version that came meanwhile stays as it is. */
const mark: DocumentRepair = async (pool, kb, found) => {
  const { rowCount } = await pool.query(
    `update document d set settings_hash = '' from ${versions} where ${sameVersion} and d.settings_hash <> ''`,
    [kb.id, ...columns(found)],
  )
  return rowCount ?? 0
}

const note: DocumentRepair = async (pool, kb, found) => {
  const { rowCount } = await pool.query(
    `insert into document_version (kb_id, document_id, version)
     select $1, v.document_id, v.version from ${versions} join document d on ${sameVersion} on conflict do nothing`,
    [kb.id, ...columns(found)],
  )
  return rowCount ?? 0
}

/** Only where the count says less than is noted: a vector that was lost is not a stub. */
const countStubs: DocumentRepair = async (pool, kb, found) => {
  const { rowCount } = await pool.query(
    `update document d set stubs = c.stubs from (
       select v.document_id, v.version, count(*) filter (where c.embedding is null) as stubs
       from ${versions} join ${chunkTable(kb.number)} c on c.document_id = v.document_id and c.version = v.version
       group by v.document_id, v.version) c
     where d.kb_id = $1 and d.document_id = c.document_id and d.active_version = c.version and d.stubs > c.stubs`,
    [kb.id, ...columns(found)],
  )
  return rowCount ?? 0
}

const repairOf: Partial<Record<Code, DocumentRepair>> = {
  version_left_over: drop,
  version_unnoted: note,
  stub_count: countStubs,
  chunk_count: mark,
  position_gap: mark,
  vector_missing: mark,
  vector_zero: mark,
  text_missing: mark,
}
