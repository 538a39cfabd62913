import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { lastLines, rotateLog } from './log-file.ts'
import { endLeftover, removePidFile, writePidFile } from './pid-file.ts'
import type { Running } from './running.ts'

export interface ChildProcessSpec {
  /** As it is called in messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** The working folder; this process's own by default. */
  readonly cwd?: string
  /** The whole environment; this process's own by default. */
  readonly env?: Readonly<Record<string, string>>
  /** Takes what it writes to both outputs; without it they are those of this process. */
  readonly logFile?: string
  /** Where it is noted while it runs, below the data folder. What an earlier start left there is ended first. */
  readonly pidFile: string
  /** Gives it a channel for `process.send`, which closes when this process dies. */
  readonly ipc?: boolean
  /** Resolves when the child does its work. The signal is aborted when there is no more point in waiting. */
  ready(child: ChildProcess, signal: AbortSignal): Promise<void>
  readonly readyWithinMs: number
  /** How long it has to end after SIGTERM before it is killed. */
  readonly stopWithinMs: number
  /** Gives up a start that is not over yet. */
  readonly signal?: AbortSignal
}

export interface RunningProcess extends Running {
  readonly pid: number
  /** Resolves when it has ended, with how: the name of a signal or `code 1`. */
  readonly outcome: Promise<string>
}

/**
 * Starts a process and returns when it is ready. It is the head of a process group of its own, so that Ctrl-C reaches
 * only the parent, which ends its children in order. Throws with the end of its log when it does not come up.
 */
export const spawnChild = async (spec: ChildProcessSpec): Promise<RunningProcess> => {
  const { name, pidFile, logFile, stopWithinMs, readyWithinMs } = spec
  await endLeftover(pidFile, stopWithinMs)
  spec.signal?.throwIfAborted()
  const end = () => (logFile ? `; the end of ${logFile}:\n${lastLines(logFile)}` : '')
  const child = launch(spec)
  let stopping = false
  const outcome = outcomeOf(child)
  running.add(child)
  const ended = outcome.then(how => {
    running.delete(child)
    removePidFile(pidFile)
    return stopping ? null : new Error(`${name} ended (${how})${end()}`)
  })
  if (child.pid !== undefined) writePidFile(pidFile, child.pid)

  const stop = async () => {
    stopping = true
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(kill)
  }

  const over = new AbortController()
  const timeout = setTimeout(() => over.abort(), readyWithinMs)
  const cancel = () => over.abort(spec.signal?.reason)
  spec.signal?.addEventListener('abort', cancel)
  const aborted = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason))
  })
  try {
    const error = await Promise.race([spec.ready(child, over.signal), ended, aborted])
    if (error) throw error
  } catch (error) {
    const late = over.signal.aborted && !spec.signal?.aborted
    over.abort()
    await stop()
    if (late) throw new Error(`${name} was not ready within ${readyWithinMs / 1000} s${end()}`, { cause: error })
    throw error
  } finally {
    clearTimeout(timeout)
    spec.signal?.removeEventListener('abort', cancel)
  }
  return { pid: child.pid!, outcome, ended, stop }
}

/** Whatever ends this process in a hurry, short of kill -9, takes its children with it. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const launch = ({ command, args, cwd, env, logFile, ipc }: ChildProcessSpec): ChildProcess => {
  if (logFile) rotateLog(logFile)
  const output = logFile ? openSync(logFile, 'a') : ('inherit' as const)
  try {
    return spawn(command, args, {
      detached: true,
      stdio: ['ignore', output, output, ...(ipc ? (['ipc'] as const) : [])],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    })
  } finally {
    if (typeof output === 'number') closeSync(output)
  }
}

/** How a process ended, in words; also that it could not be started. */
const outcomeOf = (child: ChildProcess): Promise<string> =>
  new Promise(resolve => {
    child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`))
    child.on('error', error => {
      if (child.pid === undefined) resolve(`it could not be started: ${error.message}`)
    })
  })
