import { extname, join } from 'node:path'
import type { Role } from './roles.ts'
import { readyMessage } from './supervisor/parent-channel.ts'
import { endLeftover } from './supervisor/pid-file.ts'
import type { Child } from './supervisor/running.ts'
import { type RunningProcess, spawnChild } from './supervisor/spawn-child.ts'

export interface RoleProcessOptions {
  readonly roles: readonly Role[]
  /** The whole environment, addresses of the parts included. */
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
  readonly pidFile: string
}

/**
 * What LOADING reads is garbage soon after it was handed on. Left to itself V8 collects it when it is more than 150 MB; so
 * told it does when the heap has grown by half, for a few per cent more work.
 */
const heapOf = (roles: readonly Role[]): readonly string[] =>
  roles.includes('loading')
    ? ['--max-semi-space-size=4', '--initial-old-space-size=64', '--heap-growing-percent=50']
    : []

const stopWithinMs = 15_000

/** Ends the process that an `up` which was killed left running, and so frees its port. */
export const endFormerRoles = (pidFile: string): Promise<boolean> => endLeftover(pidFile, stopWithinMs)

/** A process of ours that runs some roles: `penstock run ROLE...`, which ends when this one is gone. */
export const roleProcess = ({ roles, environment, logFile, pidFile }: RoleProcessOptions): Child<RunningProcess> => ({
  name: roles.join(', '),
  start: signal =>
    spawnChild({
      name: roles.join(', '),
      command: process.execPath,
      args: [...heapOf(roles), join(import.meta.dirname, `main${extname(import.meta.filename)}`), 'run', ...roles],
      env: environment,
      logFile,
      pidFile,
      ipc: true,
      ready: readyMessage,
      readyWithinMs: 60_000,
      stopWithinMs,
      signal,
    }),
})
