import type { Pool, PoolClient } from 'pg'
import { settingsHash } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { storable } from '../schemas/storable.ts'
import type { FoundDocument, SourceListing } from './knowledge-base.ts'
import { keepPages } from './page-validators.ts'
import { inTransaction } from './transaction.ts'

/**
 * Remembers documents as seen in a run and returns those that are stored as they are, made with the same settings and
 * without a rejected chunk, which a new run tries again. What a replay is to load may replace what is stored, so a run
 * loads it as well, and wins; a replay itself has looked at nothing but its documents, and loads all of them.
 */
export const listed = async (
  pool: Pool,
  job: LaneJob,
  found: readonly FoundDocument[],
  listing: SourceListing,
): Promise<ReadonlySet<string>> => {
  if (job.kind === 'replay') return new Set()
  if (job.kind === 'run') await noteListing(pool, job, listing)
  if (found.length === 0) return new Set()
  const documentIds = found.map(one => one.documentId)
  await pool.query(
    `insert into seen (kb_id, run, document_id, source)
     select distinct on (document_id) $1, $2::bigint, document_id, source
     from unnest($3::text[], $4::text[]) f (document_id, source) order by document_id
     on conflict do nothing`,
    [job.kb_id, job.run, documentIds, found.map(one => one.source)],
  )
  await keepPages(pool, job.kb_id, found)
  const { rows } = await pool.query<{ document_id: string }>(
    `select d.document_id from document d
     join unnest($2::text[], $3::text[]) f (document_id, content_hash) using (document_id, content_hash)
     where d.kb_id = $1 and d.settings_hash = $4 and d.stubs = 0 and not d.deleted
       and not exists (select 1 from replay_document r where r.document_id = d.document_id)`,
    [job.kb_id, documentIds, found.map(one => one.contentHash), settingsHash(job)],
  )
  return new Set(rows.map(row => row.document_id))
}

/**
 * Notes how far a source is listed, for the sweep; a bite that is repeated changes nothing. How many documents of it
 * there were before is counted with its first bite. A late sweep of an earlier run either has ended before this, or finds
 * it and leaves the source alone.
 */
const noteListing = async (pool: Pool, job: LaneJob, { index, source, ...listing }: SourceListing): Promise<void> => {
  if (!listing.first && !listing.ended && listing.unlisted.length === 0) return
  await inTransaction(pool, 'begin', async client => {
    await lockListings(client, job.kb_id, source, job.run)
    await client.query(
      `insert into source_listing as l (kb_id, run, source_index, source, ended, unlisted, known)
       values ($1, $2, $3, $4, $5, $6,
         (select count(*) from document where kb_id = $1 and source = $4 and not deleted))
       on conflict (kb_id, run, source_index) do update set
         ended = l.ended or excluded.ended, unlisted = l.unlisted || excluded.unlisted`,
      [
        job.kb_id,
        job.run,
        index,
        source,
        listing.ended,
        JSON.stringify(Object.fromEntries(listing.unlisted.map(one => [storable(one), true]))),
      ],
    )
  })
}

/** Waits for whoever marks documents of the source as gone, in a run up to this one, or has it wait. */
export const lockListings = async (client: PoolClient, kbId: string, source: string, run: number): Promise<void> => {
  await client.query(
    'select 1 from source_listing where kb_id = $1 and source = $2 and run <= $3 order by run, source_index for update',
    [kbId, source, run],
  )
}
