import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The port that was used with this folder before, or 0: a restart comes back where clients look for it. */
export const readPort = (folder: string): number => {
  try {
    const port = Number(readFileSync(join(folder, 'port'), 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65536 ? port : 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}

export const rememberPort = (folder: string, port: number): void => writeFileSync(join(folder, 'port'), `${port}\n`)
