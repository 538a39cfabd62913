import type { AdmissionOptions } from './admission.ts'
import { lockAdmissions } from './admission-lock.ts'
import type { Submission } from './jobs.ts'
import type { KbSettings, SettingsChange } from './kb-settings.ts'

export interface KbSettingsOptions extends Pick<AdmissionOptions, 'em' | 'knowledgeBases'> {
  /** Whose knowledge bases these are. */
  readonly tenant: string
}

/** Settings as rows, which admission and the schedules read. */
export const createKbSettings = ({ em, knowledgeBases, tenant }: KbSettingsOptions): KbSettings => ({
  change: (kbId, change) =>
    em.fork().transactional(async tx => {
      // As every admission begins: each may change the settings, and a deletion may be asked for.
      await lockAdmissions(tx)
      if ((await knowledgeBases.ownerOf(tx, kbId)) !== tenant) return null
      if (await knowledgeBases.isDeleting(tx, kbId)) return { outcome: 'deleting' }
      const kb = await knowledgeBases.get(tx, kbId)
      if (kb === null) return null
      const chunking = changed(kb.chunking, change.chunking)
      if (chunking.chunk_overlap >= chunking.chunk_size) return { outcome: 'overlap', chunking }
      await knowledgeBases.setChunking(tx, kbId, chunking)
      return { outcome: 'changed' }
    }),
})

const changed = (old: Submission['chunking'], to: SettingsChange['chunking']): Submission['chunking'] => ({
  strategy: to.strategy ?? old.strategy,
  chunk_size: to.chunk_size ?? old.chunk_size,
  chunk_overlap: to.chunk_overlap ?? old.chunk_overlap,
})
