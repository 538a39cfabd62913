import type { EntityManager } from '@mikro-orm/postgresql'

/** Deletions whose knowledge base may have uploads left. */
export interface MarkedUploads {
  list(): Promise<readonly { readonly id: string; readonly kb_id: string }[]>
  /** Runs short `work` while the mark is held, so that its name is nobody else's yet; not where it is gone. */
  holding(id: string, work: () => Promise<void>): Promise<void>
  /** Notes that nothing of their uploads is left. */
  removed(ids: readonly string[]): Promise<void>
}

export const markedUploads = (em: EntityManager): MarkedUploads => ({
  list: () => em.fork().execute('select id, kb_id from knowledge_base_deletion where not uploads_removed order by id'),
  holding: (id, work) =>
    em.fork().transactional(async tx => {
      const mark = await tx.execute('select 1 from knowledge_base_deletion where id = ? for share', [id])
      if (mark.length > 0) await work()
    }),
  async removed(ids) {
    for (const id of ids)
      await em.fork().execute('update knowledge_base_deletion set uploads_removed = true where id = ?', [id])
  },
})
