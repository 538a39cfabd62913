import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { createBell } from './coordinator/bell.ts'
import type { MarkedUploads } from './coordinator/deletion-uploads.ts'
import { messageOf } from './runtime/errors.ts'
import type { Running } from './runtime/run-stage.ts'
import { uploadDirOf } from './upload-dir.ts'
import { uploadFolder } from './uploads/upload-folder.ts'
import type { UploadRemoval, Uploads } from './uploads/uploads.ts'

/** The uploads of this installation. */
export const uploadsOf = (config: Pick<Config, 'dataDir' | 'sources'>): Uploads & UploadRemoval =>
  uploadFolder({
    folder: uploadDirOf(config),
    maxBytes: config.sources.maxUploadBytes,
    reserveBytes: config.sources.uploadReserveBytes,
    quotaBytes: config.sources.uploadQuotaBytes ?? null,
  })

export interface UploadRemovalOptions {
  readonly marked: MarkedUploads
  readonly uploads: UploadRemoval
  readonly log: Logger
  /** How often to look for what other processes were asked to delete, in ms. */
  readonly everyMs?: number
}

/**
 * Removes the uploads of knowledge bases that are being deleted: the API has their disk, the coordinator may not. A folder
 * is put away while the mark of its deletion is held, so that what somebody sends for the name later is never taken.
 */
export const startUploadRemoval = ({ marked, uploads, log, everyMs = 5_000 }: UploadRemovalOptions) => {
  const bell = createBell()
  const stopping = new AbortController()
  const { signal } = stopping
  const removeAll = async (): Promise<void> => {
    const found = await marked.list()
    if (found.length === 0) return
    for (const { id, kb_id } of found) await marked.holding(id, () => uploads.putAway(kb_id))
    await uploads.clear()
    await marked.removed(found.map(({ id }) => id))
    log.info({ kb_ids: found.map(({ kb_id }) => kb_id), operation: 'delete' }, 'uploads are removed')
  }
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await removeAll().catch(error => {
        log.warn({ err: error, operation: 'delete' }, `uploads cannot be removed yet: ${messageOf(error)}`)
      })
      await bell.wait(everyMs, signal)
    }
  }
  const running = run()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await running
  }
  return { nudge: () => bell.ring(), stop } satisfies Running & { nudge(): void }
}
