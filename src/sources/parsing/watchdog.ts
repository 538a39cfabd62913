import { Worker } from 'node:worker_threads'
import { overMemory } from './messages.ts'

/** Tells the watchdog when a parser begins and ends. */
export interface Watchdog {
  begin(): void
  end(): void
}

interface Watched {
  /** One number: 1 while a parser runs. */
  readonly running: Int32Array
  readonly capBytes: number
  readonly parent: number
  readonly overMemory: NodeJS.Signals
}

const everyMs = 10

/**
 * A thread that a parser cannot hold up. While one runs, it looks every 10 ms whether this process has more resident
 * memory than `capBytes`, buffers included, and whether the parent is still there; if not, it ends the process.
 */
export const startWatchdog = (capBytes: number): Watchdog => {
  const running = new Int32Array(new SharedArrayBuffer(4))
  const watched: Watched = { running, capBytes, parent: process.ppid, overMemory }
  const thread = new Worker(`(${watch})(require('node:worker_threads').workerData, ${everyMs})`, {
    eval: true,
    workerData: watched,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  })
  thread.unref()
  return {
    begin() {
      Atomics.store(running, 0, 1)
      Atomics.notify(running, 0)
    },
    end() {
      Atomics.store(running, 0, 0)
    },
  }
}

/** Sent to the thread as text: it refers to nothing outside of itself. */
const watch = ({ running, capBytes, parent, overMemory }: Watched, everyMs: number): never => {
  for (;;) {
    Atomics.wait(running, 0, 0)
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
    if (process.memoryUsage.rss() > capBytes) process.kill(process.pid, overMemory)
    Atomics.wait(running, 0, 1, everyMs)
  }
}
