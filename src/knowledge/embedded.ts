/** The embedded database: PGlite (PostgreSQL in WebAssembly) with pgvector, as one process with a data folder. */
import { mkdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { choosePort } from '../supervisor/ports.ts'
import type { Child } from '../supervisor/running.ts'
import { onSamePort } from '../supervisor/same-port.ts'
import { type RunningProcess, spawnChild } from '../supervisor/spawn-child.ts'

export interface StartDatabaseOptions {
  /** The part's own folder, made when missing; one process at a time may use it. */
  readonly dataDir: string
  /** 0 or none: the port used with this folder before if it is free, else any. */
  readonly port?: number | undefined
  /** Gives up a start that is not over yet. */
  readonly signal?: AbortSignal | undefined
}

export interface EmbeddedDatabase extends RunningProcess {
  /** Takes as many plain PostgreSQL clients as come; they share one session (see `Database.embedded`). */
  readonly url: string
  readonly port: number
}

/**
 * Starts the database and returns when it takes connections. A folder whose database was killed is recovered. Throws
 * with the end of its log when it does not come up.
 */
export const startDatabase = async ({ dataDir, port, signal }: StartDatabaseOptions): Promise<EmbeddedDatabase> => {
  mkdirSync(dataDir, { recursive: true })
  const listening = await choosePort(join(dataDir, 'port'), port)
  const running = await spawnChild({
    name: 'The embedded database',
    command: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, `embedded-main${extname(import.meta.filename)}`),
      dataDir,
      String(listening),
    ],
    logFile: join(dataDir, 'database.log'),
    pidFile: join(dataDir, 'database.pid'),
    ipc: true,
    readyWithinMs: 60_000,
    stopWithinMs: 15_000,
    ready: child => new Promise(resolve => child.once('message', () => resolve())),
    ...(signal ? { signal } : {}),
  })
  return { ...running, url: `postgresql://postgres@127.0.0.1:${listening}/postgres`, port: listening }
}

/** The database for a supervisor. */
export const databaseChild = (options: Omit<StartDatabaseOptions, 'signal'>): Child<EmbeddedDatabase> =>
  onSamePort('database', options.port, (port, signal) => startDatabase({ ...options, port, signal }))
