/** Processes as Linux shows them in /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import { until } from './until.ts'

/** The ids of a process and of all that it started, directly or not. */
export const treeOf = (root: number): number[] => {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch (error) {
      // It ended while the list was read.
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }
  const tree = [root]
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  return tree
}
/** Whether a process is there and no zombie. */
export const runs = (pid: number) => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
/** Its command line, or nothing when it is gone. */
export const commandOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}
/** Whether a process was asked to end and has not noticed yet. */
export const hasTermPending = (pid: number) => {
  const [, mask] = /^ShdPnd:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return (BigInt(`0x${mask}`) & (1n << 14n)) > 0n
}
/** Resolves when none of them runs. */
export const gone = (pids: readonly number[]) => until('all processes have ended', () => !pids.some(runs), 20_000)
