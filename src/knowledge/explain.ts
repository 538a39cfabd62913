import { chunkTable } from './chunk-table.ts'
import type { Maker } from './maker.ts'
import type { Queries } from './tenancy.ts'

/** How what a search finds came about. */
export interface Provenance {
  readonly document_id: string
  /** null where a document was asked for. */
  readonly chunk_id: string | null
  readonly source: string
  readonly uri: string
  readonly title: string
  readonly version: number
  readonly stored_at: string
  readonly job_id: string | null
  readonly traceparent: string | null
  /** The record that the document began with, as `topic/partition/offset`. */
  readonly origin: string | null
  /** Where a chunk starts in its document, in UTF-16 code units. */
  readonly offset: number | null
  readonly made_by: Maker | null
}

interface Row extends Omit<Provenance, 'chunk_id' | 'offset' | 'version' | 'stored_at'> {
  readonly version: string
  readonly stored_at: Date
}

/** Explains a chunk or a document of the active versions by its id; null where there is none. */
export const explainHit = async (pool: Queries, kbId: string, id: string): Promise<Provenance | null> => {
  const { rows: kbs } = await pool.query<{ number: number }>('select number from knowledge_base where id = $1', [kbId])
  if (!kbs[0]) return null
  const { rows: chunks } = await pool.query<{ document_id: string; start_offset: string }>(
    `select c.document_id, c.start_offset from ${chunkTable(kbs[0].number)} c join document d
       on d.kb_id = $1 and d.document_id = c.document_id and d.active_version = c.version
     where c.chunk_id = $2 limit 1`,
    [kbId, id],
  )
  const { rows } = await pool.query<Row>(
    `select d.document_id, d.source, d.uri, d.title, d.active_version as version, d.updated_at as stored_at, d.job_id,
       d.traceparent, d.origin, m.made_by
     from document d left join maker m on m.id = d.maker_id
     where d.kb_id = $1 and d.document_id = $2 and not d.deleted`,
    [kbId, chunks[0]?.document_id ?? id],
  )
  const [document] = rows
  if (!document) return null
  return {
    ...document,
    chunk_id: chunks[0] ? id : null,
    offset: chunks[0] ? Number(chunks[0].start_offset) : null,
    version: Number(document.version),
    stored_at: new Date(document.stored_at).toISOString(),
  }
}
