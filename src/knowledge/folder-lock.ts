import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Takes a folder for this process alone, waiting for an earlier holder that is about to end. The lock is the operating
 * system's, held through an SQLite file, so it ends with the process however that ends. Throws `folder_in_use`.
 */
export const lockFolder = (folder: string, waitMs: number): { release(): void } => {
  const file = new DatabaseSync(join(folder, 'lock'))
  try {
    file.exec(`pragma busy_timeout = ${waitMs}; pragma locking_mode = exclusive; begin exclusive`)
  } catch (error) {
    file.close()
    throw new FolderInUse(folder, error)
  }
  return { release: () => file.close() }
}

export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  readonly code = 'folder_in_use'
  constructor(folder: string, cause: unknown) {
    super(`Another process uses the folder ${folder}. Stop it, or give this one a folder of its own.`, { cause })
  }
}
