import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/**
 * What tells a process from any other that had or will have its id: the id and when it was started, since which boot.
 * Null when no such process runs.
 */
export const identityOf = (pid: number): string | null =>
  existsSync('/proc/self/stat') ? fromProc(pid) : identityFromPs(pid)

const fromProc = (pid: number): string | null => {
  const stat = readIfThere(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The second field is the command in brackets and may hold anything; after it come the state and the rest.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return null
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  return `${pid} ${fields[19]} ${boot}`
}

/** As `identityOf`, on systems without /proc. */
export const identityFromPs = (pid: number): string | null => {
  const { stdout, error } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
  })
  if (error) throw new Error('The program `ps` is needed to tell whether a process still runs.', { cause: error })
  const [state, ...started] = stdout.trim().split(/\s+/)
  return !state || state.startsWith('Z') ? null : `${pid} ${started.join(' ')}`
}

const readIfThere = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null
    throw error
  }
}
