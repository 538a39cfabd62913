import type { AdmissionOptions } from './admission.ts'
import { lockAdmissions } from './admission-lock.ts'
import type { Deletions } from './deletions.ts'

export interface DeletionOptions extends Pick<AdmissionOptions, 'em' | 'knowledgeBases' | 'nudge'> {
  /** Whose knowledge bases these are. */
  readonly tenant: string
}

/** Deletions as rows, which the coordinator carries out. */
export const createDeletions = ({ em, knowledgeBases, nudge, tenant }: DeletionOptions): Deletions => ({
  async ask(kbId) {
    const body = await em.fork().transactional(async tx => {
      // As every admission begins: what was admitted before is there to be ended, and nothing is admitted after.
      await lockAdmissions(tx)
      if ((await knowledgeBases.ownerOf(tx, kbId)) !== tenant) return null
      await tx.execute('insert into knowledge_base_deletion (kb_id) values (?) on conflict (kb_id) do nothing', [kbId])
      await tx.execute('delete from schedule where kb_id = ?', [kbId])
      const [row] = await tx.execute<{ asked_at: string; waiting_for: string | null }[]>(
        'select asked_at, waiting_for from knowledge_base_deletion where kb_id = ?',
        [kbId],
      )
      const { asked_at, waiting_for } = row!
      return { kb_id: kbId, status: 'deleting', asked_at: new Date(asked_at).toISOString(), waiting_for } as const
    })
    if (body) nudge?.()
    return body
  },
})
