/** The embedded database: PGlite (PostgreSQL in WebAssembly) with pgvector, as a child process with a data folder. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'

export interface StartDatabaseOptions {
  /** Made when missing; one process at a time may use it. */
  readonly dataDir: string
  /** Without it: the port used with this folder before if it is free, else any. */
  readonly port?: number
  readonly log: Logger
}

export interface EmbeddedDatabase {
  readonly url: string
  readonly pid: number
  /** Resolves when the process has ended, with what to say about it; null when it was stopped. */
  readonly ended: Promise<Error | null>
  /** Closes the database and waits for the process to end. Calling it twice is fine. */
  stop(): Promise<void>
}

/** How long a clean close may take before the process is killed; the database recovers from that. */
const stopWithinMs = 15_000

/** Starts the child and returns when it takes connections. Throws with what it said when it does not come up. */
export const startDatabase = async ({ dataDir, port, log }: StartDatabaseOptions): Promise<EmbeddedDatabase> => {
  const entry = join(import.meta.dirname, 'embedded-main.ts')
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', entry, dataDir, ...(port === undefined ? [] : [String(port)])],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  let stopping = false
  const complaint: string[] = []
  createInterface({ input: child.stderr }).on('line', line => {
    complaint.push(line)
    if (complaint.length > 20) complaint.shift()
  })

  const exited = once(child, 'close').then(([code, signal]) => {
    if (stopping) return null
    const said = complaint.join('\n').trim()
    return new Error(`The embedded database ended (${signal ?? `code ${code}`})${said ? `: ${said}` : '.'}`)
  })
  // A child that died makes writes to its standard input fail; `ended` tells why.
  child.stdin.on('error', () => undefined)

  const stop = async () => {
    stopping = true
    child.stdin.end()
    const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await exited
    clearTimeout(kill)
  }

  const ready = new Promise<number>(resolve => {
    createInterface({ input: child.stdout }).on('line', line => {
      const said = JSON.parse(line) as { readonly port?: number; readonly warning?: string; readonly error?: string }
      if (said.port !== undefined) resolve(said.port)
      if (said.warning !== undefined) log.warn({ operation: 'embedded database' }, said.warning)
      if (said.error !== undefined) log.error({ operation: 'embedded database' }, said.error)
    })
  })
  const started = await Promise.race([ready, exited])
  if (typeof started !== 'number') throw started ?? new Error('The embedded database was stopped while it started.')
  return { url: `postgresql://postgres@127.0.0.1:${started}/postgres`, pid: child.pid!, ended: exited, stop }
}
