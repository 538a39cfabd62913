import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { codeOf } from '../runtime/errors.ts'
import { goneIsNull, pathsBelow } from './paths-below.ts'
import { askAgainBytes, Room, type RoomOptions } from './room.ts'
import { tooLarge, UploadRefusal, type UploadRemoval, type Uploads } from './uploads.ts'

/** Below the folder each knowledge base has a folder of its name. */
export interface UploadFolderOptions extends RoomOptions {
  readonly maxBytes: number
}

/** Hidden from sources; on the same disk, so that a file moves into its place whole. */
const partial = '.partial'
/** Likewise: what is to be deleted. */
const away = '.away'

/** No upload goes on for longer, in ms. */
const longestUploadMs = 24 * 3600 * 1000

/** Uploads as files of a folder. Names and paths are those that the contract lets through. */
export const uploadFolder = (options: UploadFolderOptions): Uploads & UploadRemoval => {
  const { folder, maxBytes } = options
  const room = new Room(options)
  const fileOf = (kb: string, path: string) => join(folder, kb, ...path.split('/'))
  let swept = false
  return {
    maxBytes,
    async put(kb, path, content, announced = 0, arrived = async () => undefined) {
      const temporary = join(folder, partial, randomUUID())
      try {
        await mkdir(dirname(temporary), { recursive: true })
        if (!swept) await sweepLeftOvers(join(folder, partial))
        swept = true
        await room.onDisk(announced)
        const fits = await room.inQuota(kb, path)
        fits(announced)
        const taken = await receive(content, temporary, { maxBytes, fits, room })
        // Others may have arrived meanwhile.
        ;(await room.inQuota(kb, path))(taken.bytes)
        await arrived()
        await moveTo(temporary, fileOf(kb, path))
        return taken
      } catch (error) {
        throw refusalOf(error, path)
      } finally {
        await rm(temporary, { force: true })
      }
    },
    async list(kb, { limit, after }) {
      const paths = await pathsBelow(join(folder, kb))
      const following = after === null ? paths : paths.filter(path => path > after)
      const uploads = await Promise.all(
        following.slice(0, limit).map(async path => {
          const found = await stat(fileOf(kb, path)).catch(goneIsNull)
          return found && { path, bytes: found.size, modified_at: found.mtime.toISOString() }
        }),
      )
      const next = following.length > limit ? following[limit - 1]! : null
      return { uploads: uploads.filter(one => one !== null), next }
    },
    async delete(kb, path) {
      const file = fileOf(kb, path)
      const found = await stat(file).catch(goneIsNull)
      if (!found?.isFile()) return false
      await rm(file, { force: true })
      await withoutEmpty(dirname(file), join(folder, kb))
      return true
    },
    async putAway(kb) {
      await mkdir(join(folder, away), { recursive: true })
      await rename(join(folder, kb), join(folder, away, randomUUID())).catch(goneIsNull)
    },
    async clear() {
      for (const name of (await readdir(join(folder, away)).catch(goneIsNull)) ?? [])
        await rm(join(folder, away, name), { recursive: true, force: true })
    },
  }
}

/** A process that was killed leaves what it had received so far. */
const sweepLeftOvers = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(goneIsNull)
    if (found !== null && found.mtimeMs < Date.now() - longestUploadMs) await rm(join(folder, name), { force: true })
  }
}

interface Bounds {
  readonly maxBytes: number
  readonly fits: (bytes: number) => void
  readonly room: Room
}

const receive = async (content: Readable, file: string, { maxBytes, fits, room }: Bounds) => {
  const hash = createHash('sha256')
  let bytes = 0
  let asked = 0
  await pipeline(
    content,
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        bytes += piece.length
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        fits(bytes)
        if (bytes - asked >= askAgainBytes) {
          asked = bytes
          await room.onDisk(0)
        }
        hash.update(piece)
        yield piece
      }
    },
    createWriteStream(file, { flags: 'wx', flush: true }),
  )
  return { bytes, sha256: hash.digest('hex') }
}

/** A folder that another deletes as empty meanwhile is made again. */
const moveTo = async (from: string, to: string, tries = 5): Promise<void> => {
  await mkdir(dirname(to), { recursive: true })
  try {
    await rename(from, to)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || tries === 0) throw error
    await moveTo(from, to, tries - 1)
  }
}

const refusalOf = (error: unknown, path: string): unknown => {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new UploadRefusal('disk_full', 'The disk for uploads is full. Free space, then send the file again.', {
      cause: error,
    })
  if (['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY'].includes(code))
    return new UploadRefusal(
      'path_taken',
      `${path} cannot be a file: a folder has its name, or a file that of its folder.`,
      {
        cause: error,
      },
    )
  if (['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(code))
    return new UploadRefusal('upload_incomplete', 'The file did not arrive whole. Send it again.', { cause: error })
  return error
}

/** Folders that hold nothing any more go, below that of the knowledge base: a source whose files are all gone is empty. */
const withoutEmpty = async (folder: string, top: string): Promise<void> => {
  if (folder === top || !folder.startsWith(top)) return
  try {
    await rmdir(folder)
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error))) return
    throw error
  }
  await withoutEmpty(dirname(folder), top)
}
