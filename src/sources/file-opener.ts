import { constants, type Stats } from 'node:fs'
import { lstat, open, realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { codeOf, messageOf } from '../runtime/errors.ts'
import { type Listing, walk } from './file-listing.ts'
import { FileRefusal } from './file-refusal.ts'
import { contentOf, identityOf, type OpenedFile } from './opened-file.ts'

export interface FileOpenerOptions {
  /** Folders below which files may be read; relative source paths start at the first. */
  readonly roots: readonly string[]
  /** Folders below which nothing is read, although a root may be above them. */
  readonly closed?: readonly string[]
  /** Bytes of the largest file that is read; 64 MiB unless given. */
  readonly maxBytes?: number
  /** Bytes of the largest file that is read piece by piece; 16 GiB unless given. */
  readonly maxStreamedBytes?: number
}

/** What a source path names: its real path, and whether it is one file or a folder. */
export interface Located {
  readonly path: string
  readonly folder: boolean
}

/**
 * The only opener of source paths. A path is read only if it lies below an allowed root after all its links are
 * resolved, and only if it is a regular file; both are checked again on what was opened.
 */
export class FileOpener {
  readonly #roots: readonly string[]
  readonly #closed: readonly string[]
  readonly #maxBytes: number
  readonly #maxStreamedBytes: number

  constructor({ roots, closed = [], maxBytes = 64 * 1024 ** 2, maxStreamedBytes = 16 * 1024 ** 3 }: FileOpenerOptions) {
    this.#roots = roots.map(root => resolve(root))
    this.#closed = closed.map(folder => resolve(folder))
    this.#maxBytes = maxBytes
    this.#maxStreamedBytes = maxStreamedBytes
  }

  /**
   * Whether a source path can be used: null, or why not (`outside_roots`, `source_gone`, `unreadable`). For admission,
   * which answers 422 with it; a run asks again.
   */
  async checkSpec(spec: { readonly path: string }): Promise<FileRefusal | null> {
    try {
      await this.locate(spec.path)
      return null
    } catch (error) {
      if (error instanceof FileRefusal) return error
      throw error
    }
  }

  /** A source path in full; its links are not resolved. */
  absolute(path: string): string {
    return resolve(this.#roots[0] ?? '.', path)
  }

  /** The real path of a source. Throws FileRefusal. */
  async locate(path: string): Promise<Located> {
    const full = this.absolute(path)
    const real = await this.#realBelowRoots(full, 'source_gone')
    const found = await asked(full, 'source_gone', () => stat(real))
    return { path: real, folder: found.isDirectory() }
  }

  /** The real path behind a path of a source; null where none below an allowed root can be told. */
  async realPath(path: string): Promise<string | null> {
    try {
      return await this.#realBelowRoots(path, 'file_gone')
    } catch (error) {
      if (error instanceof FileRefusal) return null
      throw error
    }
  }

  /** All files below a folder that `wanted` takes, in the order of their paths. Throws FileRefusal for the folder itself. */
  list(folder: string, wanted: (path: string) => boolean, signal: AbortSignal): Promise<Listing> {
    const resolveLink = (link: string) => this.#realBelowRoots(link, 'file_gone')
    return asked(folder, 'source_gone', () => walk({ folder, wanted, signal, resolveLink }))
  }

  /** How many bytes `read` would take; none where it would refuse the file, or none is there. */
  async sizeOf(path: string): Promise<number> {
    const found = await stat(path).catch(() => null)
    return found?.isFile() && found.size <= this.#maxBytes ? found.size : 0
  }

  /** The whole content of a file, its URL by its real path, and which file it is. Throws FileRefusal. */
  async read(path: string): Promise<{ readonly bytes: Buffer; readonly uri: string; readonly identity: string }> {
    const { file, opened, uri } = await this.#open(path, this.#maxBytes, 'PENSTOCK_MAX_FILE_BYTES')
    try {
      const bytes = await asked(path, 'file_gone', () => contentOf(file, opened.size))
      return { bytes, uri, identity: identityOf(opened) }
    } finally {
      await file.close()
    }
  }

  /** A file to be read piece by piece; whoever opens it closes it. Throws FileRefusal. */
  async stream(path: string): Promise<OpenedFile> {
    const { file, opened, real, uri } = await this.#open(path, this.#maxStreamedBytes, 'PENSTOCK_MAX_STREAMED_BYTES')
    const identity = identityOf(opened)
    return {
      ...{ uri, size: opened.size, identity },
      read: (at, length) =>
        asked(path, 'file_gone', () => contentOf(file, Math.max(0, Math.min(length, opened.size - at)), at)),
      async changed() {
        const [held, named] = [await file.stat(), await asked(path, 'file_gone', () => lstat(real))]
        return identityOf(held) !== identity || identityOf(named) !== identity
      },
      close: () => file.close(),
    }
  }

  async #open(path: string, maxBytes: number, setting: string) {
    const real = await this.#realBelowRoots(path, 'file_gone')
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await asked(path, 'file_gone', () => open(real, flags))
    try {
      const opened = await file.stat()
      if (!opened.isFile()) throw new FileRefusal('not_a_file', `${path} is ${kindOf(opened)}, not a regular file.`)
      if (opened.size > maxBytes)
        throw new FileRefusal(
          'file_too_large',
          `${path} has ${opened.size} bytes; at most ${maxBytes} are read. Split it, or raise ${setting}.`,
        )
      await this.#checkSame(path, real, opened)
      return { file, opened, real, uri: pathToFileURL(real).href }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Between resolving and opening a folder could have become a link: what was opened must still be what the path names. */
  async #checkSame(path: string, real: string, opened: Stats): Promise<void> {
    const now = await asked(path, 'file_gone', () => lstat(real))
    const same = now.ino === opened.ino && now.dev === opened.dev
    if (!same || (await realpath(real)) !== real)
      throw new FileRefusal('file_changed', `${path} was replaced while it was opened.`)
  }

  async #realBelowRoots(path: string, gone: 'source_gone' | 'file_gone'): Promise<string> {
    const real = await asked(path, gone, () => realpath(path))
    if (!(await isBelowOneOf(this.#closed, real)) && (await isBelowOneOf(this.#roots, real))) return real
    const leads = real === path ? '' : ` leads to ${real}, which`
    throw new FileRefusal(
      'outside_roots',
      `${path}${leads} is outside of the allowed folders (${this.#roots.join(', ')}). Move it below one of them, or add its folder to PENSTOCK_FILE_ROOTS.`,
    )
  }
}

/** A root that does not exist (yet) allows nothing, and is no reason to refuse the others. */
const realOrSame = (root: string): Promise<string> => realpath(root).catch(() => root)

const isBelowOneOf = async (folders: readonly string[], path: string): Promise<boolean> => {
  for (const folder of folders) if (isBelow(await realOrSame(folder), path)) return true
  return false
}

const isBelow = (root: string, path: string): boolean => {
  const way = relative(root, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

/** Runs a file operation; its error becomes a refusal that names the path and keeps the cause. */
const asked = async <T>(path: string, gone: 'source_gone' | 'file_gone', operation: () => Promise<T>): Promise<T> => {
  try {
    return await operation()
  } catch (error) {
    const code = codeOf(error)
    if (!/^E[A-Z]/.test(code)) throw error
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new FileRefusal(gone, `${path} does not exist (any more).`, { cause: error })
    if (transient.has(code)) throw error
    throw new FileRefusal('unreadable', `${path} cannot be read: ${messageOf(error)}.`, { cause: error })
  }
}

/** About this process or the machine, not about the file: to be tried again. */
const transient: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'EBUSY', 'ETIMEDOUT'])

const kindOf = (found: Stats): string =>
  found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device'
