import { join } from 'node:path'
import type { Role } from './roles.ts'
import type { Child } from './supervisor/running.ts'
import { type RunningProcess, spawnChild } from './supervisor/spawn-child.ts'

export interface RoleProcessOptions {
  readonly roles: readonly Role[]
  /** The whole environment, addresses of the parts included. */
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
  readonly pidFile: string
}

/** What a role process tells its parent when its roles run. */
export interface Ready {
  readonly ready: true
  /** The API's address, where it is one of the roles. */
  readonly url: string | null
}

/** A process of ours that runs some roles: `penstock run ROLE...`, told to end when this one dies. */
export const roleProcess = (options: RoleProcessOptions): Child<RunningProcess & { readonly url: string | null }> => ({
  name: options.roles.join(', '),
  async start() {
    let url: string | null = null
    const running = await spawnChild({
      name: options.roles.join(', '),
      command: process.execPath,
      args: [join(import.meta.dirname, 'main.ts'), 'run', ...options.roles],
      env: options.environment,
      logFile: options.logFile,
      pidFile: options.pidFile,
      ipc: true,
      readyWithinMs: 60_000,
      stopWithinMs: 15_000,
      ready: (child, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          child.on('message', (message: Ready) => {
            url = message.url
            resolve()
          })
        }),
    })
    return { ...running, url }
  },
})
