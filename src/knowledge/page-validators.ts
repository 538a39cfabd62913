import type { Pool } from 'pg'
import { settingsHash } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { FoundDocument } from './knowledge-base.ts'

interface Remembered {
  readonly etag: string | null
  readonly lastModified: string | null
  readonly textHash: string
  readonly links: readonly string[]
  readonly contentHash: string
  readonly current: boolean
}

/**
 * What is kept of pages that are documents of a knowledge base. `current` are those whose stored version is whole, is
 * what the page was when it was kept, and was made with the settings of today by this revision of the reader.
 */
export const knownPages = async (
  pool: Pool,
  kbId: string,
  documentIds: readonly string[],
  revision: number,
): Promise<ReadonlyMap<string, Remembered>> => {
  if (documentIds.length === 0) return new Map()
  const base = await pool.query<Pick<LaneJob, 'chunking' | 'embedding'>>(
    'select chunking, embedding from knowledge_base where id = $1',
    [kbId],
  )
  const settings = base.rows[0] ? settingsHash(base.rows[0]) : ''
  const { rows } = await pool.query<Omit<Remembered, 'lastModified' | 'textHash' | 'contentHash'> & Row>(
    `select v.document_id, v.etag, v.last_modified, v.text_hash, v.links, v.content_hash,
       v.content_hash = d.content_hash and v.revision = $3 and d.settings_hash = $4 and d.stubs = 0
         and not exists (select from replay_document r where r.document_id = d.document_id) as current
     from page_validator v join document d on d.kb_id = v.kb_id and d.document_id = v.document_id and not d.deleted
     where v.kb_id = $1 and v.document_id = any($2::text[])`,
    [kbId, documentIds, revision, settings],
  )
  return new Map(
    rows.map(({ document_id, last_modified: lastModified, text_hash: textHash, content_hash: contentHash, ...row }) => [
      document_id,
      { ...row, lastModified, textHash, contentHash },
    ]),
  )
}

interface Row {
  readonly document_id: string
  readonly last_modified: string | null
  readonly text_hash: string
  readonly content_hash: string
}

/** Keeps what is known of the pages among these documents; part of listing them. */
export const keepPages = async (pool: Pool, kbId: string, found: readonly FoundDocument[]): Promise<void> => {
  const pages = found.flatMap(({ page, documentId, contentHash }) =>
    page ? [{ ...page, documentId, contentHash }] : [],
  )
  if (pages.length === 0) return
  await pool.query(
    `insert into page_validator (kb_id, document_id, content_hash, revision, etag, last_modified, text_hash, links)
     select distinct on (document_id) $1, * from unnest($2::text[], $3::text[], $4::int[], $5::text[], $6::text[],
       $7::text[], $8::jsonb[]) p (document_id, content_hash, revision, etag, last_modified, text_hash, links)
     order by document_id
     on conflict (kb_id, document_id) do update set content_hash = excluded.content_hash, revision = excluded.revision,
       etag = excluded.etag, last_modified = excluded.last_modified, text_hash = excluded.text_hash,
       links = excluded.links`,
    [
      kbId,
      pages.map(one => one.documentId),
      pages.map(one => one.contentHash),
      pages.map(one => one.revision),
      pages.map(one => one.etag),
      pages.map(one => one.lastModified),
      pages.map(one => one.textHash),
      pages.map(one => JSON.stringify(one.links)),
    ],
  )
}
