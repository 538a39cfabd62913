import { execFile } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { removeOrphans, serviceFolder } from './temporary-folder.ts'

const run = promisify(execFile)

/** A file system of its own that can be full. */
export interface SmallDisk {
  readonly folder: string
  /** Leaves not a byte to anybody. */
  fill(): void
  /** Gives back what `fill` took. */
  free(): void
  close(): Promise<void>
}

/** Mounts a file system in memory. Throws where this process may not: that takes root on most machines. */
export const openSmallDisk = async (megabytes: number): Promise<SmallDisk> => {
  const unmount = (folder: string) => run('umount', ['--lazy', join(folder, 'disk')])
  await removeOrphans('disk', folder => unmount(folder).catch(error => console.warn(error.message)))
  const { folder: above, remove } = serviceFolder('disk')
  const folder = join(above, 'disk')
  const ballast = join(folder, 'ballast')
  mkdirSync(folder)
  // PostgreSQL, which does not run as root, has to come through.
  chmodSync(above, 0o711)
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'penstock-test', folder])
  } catch (error) {
    remove()
    throw error
  }
  return {
    folder,
    fill() {
      for (let bytes = 1024 * 1024; bytes >= 4096; )
        try {
          appendFileSync(ballast, Buffer.alloc(bytes))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
          bytes /= 2
        }
    },
    free: () => rmSync(ballast, { force: true }),
    async close() {
      await unmount(above)
      remove()
    },
  }
}
