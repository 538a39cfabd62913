import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identityOf } from './process-identity.ts'

/** Notes a process, so that a later start can find it should this process die without ending it. */
export const writePidFile = (file: string, pid: number): void => {
  writeFileSync(`${file}.new`, `${identityOf(pid) ?? pid}\n`)
  renameSync(`${file}.new`, file)
}

export const removePidFile = (file: string): void => rmSync(file, { force: true })

/**
 * Ends the process that an earlier start left behind, if the one noted is still that very process; one that merely has
 * its id now is left alone. Tells whether there was one. A process that ignores SIGTERM for `withinMs` is killed.
 */
export const endLeftover = async (file: string, withinMs: number): Promise<boolean> => {
  const noted = read(file)
  if (noted === null) return false
  const pid = Number(noted.split(' ')[0])
  const runs = () => identityOf(pid) === noted
  const found = Number.isInteger(pid) && pid > 1 && runs()
  if (found) {
    signal(pid, 'SIGTERM')
    const deadline = performance.now() + withinMs
    while (runs() && performance.now() < deadline) await delay(20)
    if (runs()) signal(pid, 'SIGKILL')
    while (runs()) await delay(20)
  }
  removePidFile(file)
  return found
}

const read = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

const signal = (pid: number, name: 'SIGTERM' | 'SIGKILL'): void => {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended by itself in the meantime.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
