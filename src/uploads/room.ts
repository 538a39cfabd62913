import { mkdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { goneIsNull, pathsBelow } from './paths-below.ts'
import { UploadRefusal } from './uploads.ts'

export interface RoomOptions {
  readonly folder: string
  /** Bytes that uploads leave free on their disk. */
  readonly reserveBytes: number
  /** Bytes that all uploads of a knowledge base may have together; null for no bound. */
  readonly quotaBytes: number | null
  /** Bytes that are free on the disk of a folder. */
  readonly freeBytes?: ((folder: string) => Promise<number>) | undefined
}

/** Received bytes after which the disk is asked again. */
export const askAgainBytes = 8 * 1024 * 1024

/** Whether there is room for an upload: on the disk, and in the quota of its knowledge base. */
export class Room {
  readonly #options: RoomOptions

  constructor(options: RoomOptions) {
    this.#options = options
  }

  /** Throws UploadRefusal where `bytes` more would leave less free than the reserve. */
  async onDisk(bytes: number): Promise<void> {
    const { folder, reserveBytes, freeBytes = freeOf } = this.#options
    if (reserveBytes === 0) return
    await mkdir(folder, { recursive: true })
    const free = await freeBytes(folder)
    if (free - bytes >= reserveBytes) return
    throw new UploadRefusal(
      'disk_full',
      `The disk for uploads has ${free} bytes free, of which ${reserveBytes} stay free. Free space, or lower PENSTOCK_UPLOAD_RESERVE_BYTES, then send the file again.`,
    )
  }

  /** Throws UploadRefusal, once called with more bytes than the file at `path` may have; what is kept there now does not count, for it goes. */
  async inQuota(kb: string, path: string): Promise<(bytes: number) => void> {
    const { folder, quotaBytes } = this.#options
    if (quotaBytes === null) return () => undefined
    const others = (await pathsBelow(join(folder, kb))).filter(one => one !== path)
    const sizes = await Promise.all(others.map(one => sizeOf(join(folder, kb, one))))
    const used = sizes.reduce((sum, size) => sum + size, 0)
    return bytes => {
      if (used + bytes <= quotaBytes) return
      throw new UploadRefusal(
        'upload_quota',
        `The uploads of ${kb} may have ${quotaBytes} bytes together, and the others have ${used}. Delete some, or raise PENSTOCK_UPLOAD_QUOTA_BYTES.`,
      )
    }
  }
}

const freeOf = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(goneIsNull))?.size ?? 0
