import type { EntityManager } from '@mikro-orm/postgresql'
import type { LaneJob } from '../schemas/lane-control.ts'
import { createChunkTable } from './chunk-table.ts'
import { AppliedRow, KnowledgeBaseRow } from './entities.ts'
import { removeStored } from './removing.ts'
import { ownedBy, owners } from './tenancy.ts'

type Settings = Pick<LaneJob, 'embedding' | 'chunking'>

/** What admission does with knowledge bases; each call is part of its transaction. */
export const knowledgeBases = {
  ownerOf: owners.of,
  claim: owners.claim,
  isDeleting: owners.isDeleting,

  async get(tx: EntityManager, kbId: string): Promise<Settings | null> {
    const kb = await tx.findOne(KnowledgeBaseRow, kbId)
    return kb && { embedding: kb.embedding, chunking: kb.chunking }
  },

  /** Makes it with its table of chunks. */
  async create(
    tx: EntityManager,
    { kb_id, embedding, chunking }: Settings & { readonly kb_id: string },
  ): Promise<void> {
    const [kb] = await tx.execute<{ number: number }[]>(
      'insert into knowledge_base (id, embedding, chunking) values (?, ?, ?) returning number',
      [kb_id, JSON.stringify(embedding), JSON.stringify(chunking)],
    )
    for (const statement of createChunkTable(kb!.number, embedding.dimensions)) await tx.execute(statement)
  },

  /** Chunking may change from run to run: documents made in another way are made anew. */
  async setChunking(tx: EntityManager, kbId: string, chunking: Settings['chunking']): Promise<void> {
    await tx.nativeUpdate(KnowledgeBaseRow, { id: kbId }, { chunking })
  },

  removeStored,

  /** Gives the name back; what is stored under it has been removed. */
  async forget(tx: EntityManager, kbId: string): Promise<void> {
    await tx.nativeDelete(KnowledgeBaseRow, { id: kbId })
    await owners.forget(tx, kbId)
  },
}

/** Removes the applied rows of jobs that are over: call it when no worker can own a lane of theirs any more. */
export const forgetApplied = async (tx: EntityManager, jobIds: readonly string[]): Promise<void> => {
  await tx.nativeDelete(AppliedRow, { jobId: { $in: [...jobIds] } })
}

/** A knowledge base with its counts, as the API shows it. Deleted documents do not count. */
export interface KnowledgeBaseSummary extends Settings {
  readonly kb_id: string
  readonly documents: number
  readonly chunks: number
  readonly created_at: string
  /** That it is being deleted: since when, and what that waits for. */
  readonly deletion: { readonly asked_at: string; readonly waiting_for: string | null } | null
}

export interface DocumentSummary {
  readonly document_id: string
  readonly source: string
  readonly uri: string
  readonly title: string
  readonly media_type: string
  readonly version: number
  readonly chunks: number
  readonly updated_at: string
}

/** A cursor that no page gave. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor'
  readonly code = 'bad_cursor'
}

/** What is stored, for people to look at; of one tenant, or of all. */
export const createCatalogue = (em: EntityManager, tenant: string | null = null) => ({
  /** By id, those after the id `after`, which need not be there. */
  async list({ limit, after }: { readonly limit: number; readonly after: string | null }): Promise<{
    readonly knowledge_bases: readonly KnowledgeBaseSummary[]
    readonly next: string | null
  }> {
    const found = await summaries(em.fork(), { ...(after === null ? {} : { 'kb.id > ?': after }) }, tenant, limit + 1)
    const shown = found.slice(0, limit)
    return { knowledge_bases: shown, next: found.length > limit ? shown.at(-1)!.kb_id : null }
  },

  async get(kbId: string): Promise<KnowledgeBaseSummary | null> {
    return (await summaries(em.fork(), { 'kb.id = ?': kbId }, tenant, 1))[0] ?? null
  },

  /** Documents by uri, those after the cursor `after`; null when there is no such knowledge base. Throws BadCursor. */
  async documents(
    kbId: string,
    { limit, after }: { readonly limit: number; readonly after: string | null },
  ): Promise<{ readonly documents: readonly DocumentSummary[]; readonly next: string | null } | null> {
    const fork = em.fork()
    if ((await fork.count(KnowledgeBaseRow, { id: kbId })) === 0) return null
    const rows = await fork.execute<DocumentRecord[]>(
      `select document_id, source, uri, title, media_type, active_version, chunks, updated_at from document
       where kb_id = ? and not deleted and (left(uri, ${cursorUri}), document_id) > (?, ?)
       order by left(uri, ${cursorUri}), document_id limit ?`,
      [kbId, ...(after === null ? ['', ''] : parseCursor(after)), limit + 1],
    )
    const shown = rows.slice(0, limit)
    return {
      documents: shown.map(({ active_version, updated_at, ...document }) => ({
        ...document,
        version: Number(active_version),
        updated_at: new Date(updated_at).toISOString(),
      })),
      next: rows.length > limit ? cursorOf(shown.at(-1)!) : null,
    }
  },
})

type DocumentRecord = Omit<DocumentSummary, 'version'> & { readonly active_version: string }

/** Characters of a uri that order pages; the index has as many. */
const cursorUri = 500

const cursorOf = ({ uri, document_id }: DocumentRecord): string =>
  Buffer.from(JSON.stringify([[...uri].slice(0, cursorUri).join(''), document_id])).toString('base64url')

const parseCursor = (cursor: string): readonly [string, string] => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parsed) && isStorable(parsed[0]) && isStorable(parsed[1])) return [parsed[0], parsed[1]]
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new BadCursor('The cursor is none that a page of documents gave: use its `next` as it came.')
}

/** Text that PostgreSQL takes: no other stands in a cursor. */
export const isStorable = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

/** The first `limit` that meet all conditions, each with its value; only these are counted. */
const summaries = async (
  em: EntityManager,
  where: Readonly<Record<string, string>>,
  tenant: string | null,
  limit: number,
): Promise<readonly KnowledgeBaseSummary[]> => {
  const all = { ...where, ...(tenant === null ? {} : { [ownedBy('kb.id')]: tenant }) }
  const conditions = Object.keys(all)
  const rows = await em.execute<Summed[]>(
    `select kb.id, kb.embedding, kb.chunking, kb.created_at, held.documents, held.chunks, del.asked_at, del.waiting_for
     from (select * from knowledge_base kb ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
           order by kb.id limit ?) kb
       left join knowledge_base_deletion del on del.kb_id = kb.id,
       lateral (select count(*) as documents, coalesce(sum(d.chunks), 0) as chunks
                from document d where d.kb_id = kb.id and not d.deleted) held
     order by kb.id`,
    [...Object.values(all), limit],
  )
  return rows.map(({ id, embedding, chunking, created_at, documents, chunks, asked_at, waiting_for }) => ({
    kb_id: id,
    embedding,
    chunking,
    documents: Number(documents),
    chunks: Number(chunks),
    created_at: new Date(created_at).toISOString(),
    deletion: asked_at === null ? null : { asked_at: new Date(asked_at).toISOString(), waiting_for },
  }))
}

interface Summed extends Settings {
  readonly id: string
  readonly created_at: string
  readonly documents: string
  readonly chunks: string
  readonly asked_at: string | null
  readonly waiting_for: string | null
}
