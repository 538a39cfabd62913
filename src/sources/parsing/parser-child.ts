import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Ending, ParserLimits } from './failure.ts'
import { type Answers, type Batch, mostSteps, type Said } from './messages.ts'

export interface ParserChildOptions extends ParserLimits {
  /** The module whose `parsers` it runs. */
  readonly table: URL
}

/** A process that runs parsers, as its parent sees it. Any end of it is final. */
export interface ParserChild {
  readonly pid: number | undefined
  /** Resolves when it takes batches; never for one that does not come up. */
  readonly ready: Promise<void>
  /** Resolves when it is gone, with how. */
  readonly ended: Promise<Ending>
  /**
   * Sends inputs. `answered` hears of them in order, several at a time; they have `timeoutMs` from one time to the next,
   * and anew for each step that a parser says it is further, a bounded number of times.
   * No other batch before all were answered.
   */
  run(batch: Batch, answered: (answers: Answers) => void): void
  kill(): void
}

const startsWithinMs = 60_000
const keptErrors = 8 * 1024
/** Of the memory of a child, what is not for its heap: the program itself, young objects, buffers. */
const besideHeap = 96 * 1024 * 1024
const MiB = 1024 * 1024

/**
 * Starts a child: with an empty environment, allowed to read Penstock's own program files and nothing else, and to start
 * no process. It is the head of a process group of its own, so that Ctrl-C is for its parent; it ends with its parent,
 * however that ends, and does not keep it from ending.
 */
export const startParserChild = (options: ParserChildOptions): ParserChild => {
  const child = spawn(process.execPath, [...flagsOf(options), program, options.table.href, `${options.memoryBytes}`], {
    detached: true,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<Ending>()
  let errors = ''
  let late = false
  let answered: ((answers: Answers) => void) | null = null
  let open = 0
  let steps = 0
  let timer: NodeJS.Timeout | null = null

  const expectWithin = (ms: number) => {
    if (timer) clearTimeout(timer)
    timer = setTimeout(() => {
      expire(timer).catch(kill)
    }, ms)
  }
  /** What this process was too busy to hear until now counts as said in time. */
  const expire = async (expired: NodeJS.Timeout | null) => {
    await setImmediate()
    await setImmediate()
    if (timer !== expired) return
    late = true
    kill()
  }

  const keep = (held: boolean) => {
    child[held ? 'ref' : 'unref']()
    child.channel?.[held ? 'ref' : 'unref']()
  }
  /** Whoever waits for its end hears of it. */
  const kill = () => {
    keep(true)
    child.kill('SIGKILL')
  }
  child.stderr!.setEncoding('utf8').on('data', text => {
    errors = (errors + text).slice(-keptErrors)
  })
  unref(child.stderr)
  child.on('message', (said: Said) => {
    if (said === 'further') {
      if (++steps <= mostSteps) expectWithin(options.timeoutMs)
      return
    }
    steps = 0
    if (timer) clearTimeout(timer)
    timer = null
    if (said === 'ready') {
      keep(false)
      return ready.resolve()
    }
    open -= said.outputs.length
    if (open === 0) keep(false)
    else expectWithin(options.timeoutMs)
    answered?.(said)
  })
  const end = (exit: number | null, signal: NodeJS.Signals | null) => {
    if (timer) clearTimeout(timer)
    timer = null
    ended.resolve({ exit, signal, errors, late })
  }
  // After the streams: with all that it said.
  child.on('close', end)
  child.on('error', error => {
    errors += error.message
    if (child.pid === undefined) end(null, null)
  })
  expectWithin(startsWithinMs)

  return {
    pid: child.pid,
    ready: ready.promise,
    ended: ended.promise,
    run(batch, heard) {
      answered = heard
      open = batch.inputs.length
      keep(true)
      expectWithin(options.timeoutMs)
      // One that is gone is told by its end.
      child.send(batch, () => undefined)
    },
    kill,
  }
}

const unref = (stream: ChildProcess['stderr']) => (stream as { unref?(): void } | null)?.unref?.()

const program = fileURLToPath(new URL('./child.ts', import.meta.url))
const sources = fileURLToPath(new URL('../..', import.meta.url))
const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url))
/** Where they are in truth: an installation may link to them. */
const realPackages = /^.*?[\\/]node_modules(?=[\\/])/.exec(createRequire(import.meta.url).resolve('yaml'))![0]
const manifest = fileURLToPath(new URL('../../../package.json', import.meta.url))

const flagsOf = ({ table, memoryBytes }: ParserChildOptions): readonly string[] => [
  '--no-warnings',
  `--max-old-space-size=${Math.max(64, Math.floor((memoryBytes - besideHeap) / MiB))}`,
  '--permission',
  '--allow-worker',
  ...[sources, packages, realPackages, manifest, dirname(fileURLToPath(table))].map(path => `--allow-fs-read=${path}`),
]
