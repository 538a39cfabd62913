import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { identityOf } from './process-identity.ts'

/** A data folder that this process alone uses. */
export interface FolderLock {
  /** Lets others that want the folder know where this one answers. */
  announce(url: string): void
  /** Calling it twice is fine. */
  release(): void
}

/** The process of another `up` needs a moment to be gone after it was killed. */
const patienceMs = 500
const sqliteBusy = 5

/** Keeps locks from the garbage collector, which would close their files and so let them go. */
const held = new Set<DatabaseSync>()

/**
 * Takes a data folder, which is made when missing. The lock is the operating system's, held through an SQLite file, so
 * it ends with the process however that ends and none is ever stale. Throws FolderInUse.
 */
export const lockFolder = (folder: string): FolderLock => {
  mkdirSync(folder, { recursive: true })
  const holder = join(folder, 'holder.json')
  const lock = new DatabaseSync(join(folder, 'lock'))
  try {
    lock.exec(`pragma busy_timeout = ${patienceMs}; pragma locking_mode = exclusive; begin exclusive`)
  } catch (error) {
    lock.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)
      throw new FolderInUse(folder, readHolder(holder), error)
    throw new Error(`The data folder ${folder} cannot be locked. It must be on a disk that can be written.`, {
      cause: error,
    })
  }
  const write = (url: string | null) => {
    const noted: Holder = { pid: process.pid, identity: identityOf(process.pid), since: new Date().toISOString(), url }
    writeFileSync(`${holder}.new`, JSON.stringify(noted))
    renameSync(`${holder}.new`, holder)
  }
  write(null)
  held.add(lock)
  return {
    announce: write,
    release: () => {
      if (!lock.isOpen) return
      rmSync(holder, { force: true })
      lock.close()
      held.delete(lock)
    },
  }
}

interface Holder {
  readonly pid: number
  readonly identity: string | null
  /** ISO 8601. */
  readonly since: string
  /** Null while it is starting. */
  readonly url: string | null
}

/** Null where the note is missing or is of a process that is gone: the holder has not written its own yet. */
const readHolder = (file: string): Holder | null => {
  try {
    const noted = JSON.parse(readFileSync(file, 'utf8')) as Holder
    return identityOf(noted.pid) === noted.identity ? noted : null
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return null
    throw error
  }
}

/** Another process uses the data folder; `url` is where it answers, if it is up. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  readonly code = 'folder_in_use'
  readonly url: string | null
  constructor(folder: string, holder: Holder | null, cause: unknown) {
    const who = holder
      ? `Penstock already runs (process ${holder.pid}, since ${holder.since})`
      : 'Penstock already runs'
    const where = holder?.url ? `at ${holder.url}` : 'and is still starting or stopping,'
    super(
      `${who} ${where} on the data folder ${folder}. Use that one, stop it first, or give this one another folder with PENSTOCK_DATA_DIR.`,
      { cause },
    )
    this.url = holder?.url ?? null
  }
}
