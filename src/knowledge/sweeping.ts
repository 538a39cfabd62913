import type { Pool, PoolClient } from 'pg'
import { versionOf } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { lockListings } from './listing.ts'
import { inTransaction } from './transaction.ts'

export interface SweepOptions {
  readonly pool: Pool
  /** Per cent of the documents of a source that go at once, where the job does not say. */
  readonly deleteGuard: number
}

/** A source of a run as LOADING listed it, in one or several places of the job. */
interface ListedSource {
  readonly source: string
  readonly ended: boolean
  /** Sentences about what could not be listed. */
  readonly unlisted: readonly string[]
  /** Documents of it that were stored before the run. */
  readonly known: number
}

/** Documents that one transaction marks: short, so that a pause need not wait. */
const batch = 200

/**
 * Marks the documents as deleted that the sources of a run have no more, as a version of this run: those that it did not
 * see. A source is left as it is where its listing did not end or left a part out, and where more than the guard's share
 * of its documents would go, which is rounded up; what stays is noted for `keptBySweep`. A document with a later version
 * is none of this run's, nor is a source that a later run has begun to list. Safe to repeat, and to come late; stops between its transactions when the signal aborts.
 */
export const sweepUnseen = async (options: SweepOptions, job: LaneJob, signal: AbortSignal): Promise<string> => {
  const { pool } = options
  signal.throwIfAborted()
  const kept: string[] = []
  let removed = 0
  for (const listed of await listedSources(pool, job)) {
    signal.throwIfAborted()
    const unseen = await countUnseen(pool, job, listed.source)
    const reason = unseen === 0 ? null : reasonToKeep(listed, unseen, job.delete_guard ?? options.deleteGuard)
    await pool.query('update source_listing set kept = $4 where kb_id = $1 and run = $2 and source = $3', [
      ...[job.kb_id, job.run, listed.source, reason],
    ])
    if (reason === null) removed += await markDeleted(pool, job, listed.source, signal)
    else kept.push(reason)
  }
  const did = removed === 0 ? 'No document was swept.' : `Swept ${documents(removed)} that the sources have no more.`
  return [...kept, did].join(' ')
}

/** Why documents that a run did not see stay, a sentence for each source. */
export const keptBySweep = async (pool: Pool, { kb_id, run }: LaneJob): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ kept: string }>(
    `select distinct kept from source_listing where kb_id = $1 and run = $2 and kept is not null order by kept`,
    [kb_id, run],
  )
  return rows.map(({ kept }) => kept)
}

const listedSources = async (pool: Pool, { kb_id, run }: LaneJob): Promise<readonly ListedSource[]> => {
  const { rows } = await pool.query<Omit<ListedSource, 'known'> & { known: string }>(
    `select source, bool_and(ended) as ended, min(known) as known,
       array(select distinct jsonb_object_keys(o.unlisted) from source_listing o
             where o.kb_id = $1 and o.run = $2 and o.source = l.source order by 1) as unlisted
     from source_listing l where kb_id = $1 and run = $2 group by source order by source`,
    [kb_id, run],
  )
  return rows.map(row => ({ ...row, known: Number(row.known) }))
}

const unseenOf = `d.kb_id = $1 and d.source = $2 and not d.deleted and d.active_version < $4
  and not exists (select from seen s where s.kb_id = $1 and s.run = $3 and s.document_id = d.document_id)`

const valuesOf = (job: LaneJob, source: string) => [job.kb_id, source, job.run, versionOf(job.run, 0)]

const countUnseen = async (pool: Pool, job: LaneJob, source: string): Promise<number> => {
  const { rows } = await pool.query<{ count: string }>(
    `select count(*) from document d where ${unseenOf}`,
    valuesOf(job, source),
  )
  return Number(rows[0]!.count)
}

const reasonToKeep = (
  { source, ended, unlisted, known }: ListedSource,
  unseen: number,
  guard: number,
): string | null => {
  const stay = `${documents(unseen)} of ${source} ${unseen === 1 ? 'was' : 'were'} not found and ${unseen === 1 ? 'stays' : 'stay'}`
  if (!ended) return `${stay}: its listing did not come to its end.`
  if (unlisted.length > 0) {
    const more = unlisted.length > 1 ? ` (and ${unlisted.length - 1} more)` : ''
    return `${stay}: a part of it could not be listed: ${unlisted[0]}${more} The next run that lists all of it sweeps.`
  }
  if (unseen <= Math.ceil((known * guard) / 100)) return null
  const needed = known === 0 ? 100 : Math.min(100, Math.ceil((100 * unseen) / known))
  return (
    `${stay}: of ${documents(known)}, ${guard} % may go at once. ` +
    `If they are gone for good, ingest it again with delete_guard ${needed} (--delete-guard ${needed}).`
  )
}

const documents = (count: number): string => `${count} document${count === 1 ? '' : 's'}`

/**
 * True once a later run has begun to list the source. Until the transaction has ended none begins to: what one then finds
 * unchanged is judged by what this has marked (`noteListing` takes the same lock).
 */
const isListedAnew = async (client: PoolClient, { kb_id, run }: LaneJob, source: string): Promise<boolean> => {
  await lockListings(client, kb_id, source, run)
  const { rows } = await client.query(
    'select 1 from source_listing where kb_id = $1 and source = $2 and run > $3 limit 1',
    [kb_id, source, run],
  )
  return rows.length > 0
}

/** Returns how many documents this run has marked in all, those of an earlier try included. */
const markDeleted = async (pool: Pool, job: LaneJob, source: string, signal: AbortSignal): Promise<number> => {
  for (let after = ''; ; ) {
    signal.throwIfAborted()
    const marked = await inTransaction(pool, 'begin', async client => {
      if (await isListedAnew(client, job, source)) return []
      const { rows } = await client.query<{ document_id: string }>(
        `with unseen as (
           select d.document_id from document d where ${unseenOf} and d.document_id > $5
           order by d.document_id limit $6 for update)
         update document d set active_version = $4, deleted = true, chunks = 0, stubs = 0, updated_at = now()
         from unseen u where d.kb_id = $1 and d.document_id = u.document_id returning d.document_id`,
        [...valuesOf(job, source), after, batch],
      )
      return rows.map(({ document_id }) => document_id).sort()
    })
    if (marked.length < batch) break
    after = marked.at(-1)!
  }
  const { rows } = await pool.query<{ count: string }>(
    'select count(*) from document where kb_id = $1 and source = $2 and deleted and active_version = $3',
    [job.kb_id, source, versionOf(job.run, 0)],
  )
  return Number(rows[0]!.count)
}
