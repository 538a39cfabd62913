import type { EntityManager } from '@mikro-orm/postgresql'
import { chunkTable } from './chunk-table.ts'
import { loadTable, quoted, schemaOf } from './tables.ts'

/** Short transactions, each of which ends the work with an error once nobody wants it any more. */
interface Batches {
  rows(table: string, where: string, values: readonly string[]): Promise<void>
  /** Repeats `work` until it has removed nothing; what it returns is how much. */
  repeat(work: (tx: EntityManager) => Promise<number>): Promise<void>
}

/** What has rows of a knowledge base, by its id; tables of chunks and of loads are dropped. */
const ofBase = ['document', 'document_version', 'seen', 'source_listing', 'page_validator'] as const
/** What has rows of its jobs. */
const ofJobs = ['crawl_url', 'applied'] as const

/**
 * Removes all that is stored of a knowledge base, but for its own row: call it when no worker can own a lane of its jobs
 * any more. Safe to repeat, and to begin anew where it was cut off. Objects of others that depend on its tables, such as a
 * view of a view, are not dropped: PostgreSQL's error names them.
 */
export const removeStored = async (kbId: string, batches: Batches): Promise<void> => {
  await batches.repeat(tx => dropView(tx, kbId))
  await batches.repeat(tx => dropLoad(tx, kbId))
  await batches.repeat(async tx => {
    const kb = await numberOf(tx, kbId)
    if (kb === null) return 0
    await tx.execute(`drop schema if exists ${schemaOf(kb)}`)
    await tx.execute(`drop table if exists ${chunkTable(kb)}`)
    return 0
  })
  for (const table of ofBase) await batches.rows(table, 'kb_id = ?', [kbId])
  for (const table of ofJobs) await batches.rows(table, 'job_id in (select id from job where kb_id = ?)', [kbId])
}

const numberOf = async (tx: EntityManager, kbId: string): Promise<number | null> => {
  const [kb] = await tx.execute<{ number: number }[]>('select number from knowledge_base where id = ?', [kbId])
  return kb?.number ?? null
}

const dropView = async (tx: EntityManager, kbId: string): Promise<number> => {
  const [found] = await tx.execute<{ name: string; number: number }[]>(
    `select t.name, kb.number from loaded_table t join knowledge_base kb on kb.id = t.kb_id
     where t.kb_id = ? order by t.name limit 1`,
    [kbId],
  )
  if (!found) return 0
  await tx.execute(`drop view if exists ${schemaOf(found.number)}.${quoted(found.name)}`)
  await tx.execute('delete from loaded_table where kb_id = ? and name = ?', [kbId, found.name])
  return 1
}

const dropLoad = async (tx: EntityManager, kbId: string): Promise<number> => {
  const [found] = await tx.execute<{ id: string; number: number }[]>(
    `select l.id, kb.number from table_load l join knowledge_base kb on kb.id = l.kb_id
     where l.kb_id = ? order by l.id limit 1`,
    [kbId],
  )
  if (!found) return 0
  await tx.execute(`drop table if exists ${loadTable(found.number, found.id)}`)
  await tx.execute('delete from table_load where id = ?', [found.id])
  return 1
}
