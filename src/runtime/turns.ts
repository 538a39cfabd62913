/** Permission to work one slice; ended by whoever got it, once. */
export interface Turn {
  end(): void
}

/** Who wants a turn. A job with several lanes asks for each of them, and has no more share for it. */
export interface Asker {
  readonly job: string
  /** Twice the weight is twice the share of those who wait at the same time. */
  readonly weight: number
}

/** Shares a process among the jobs whose lanes it works. */
export interface Turns {
  /** Resolves when it is this one's turn; rejects with the signal's reason. */
  take(asker: Asker, signal: AbortSignal): Promise<Turn>
}

/** What priority is worth: ten more is twice the share, and the whole range of -100 to 100 stays within reason. */
export const weightOf = (priority: number): number => 2 ** (Math.max(-100, Math.min(100, priority)) / 10)

interface Queue {
  /** Weighted ms that the job has had, on a scale that all jobs share. */
  used: number
  running: number
  readonly waiting: (() => void)[]
}

/**
 * So many slices at once; whoever waits is served job by job, the one first that has had least (start-time fair queueing
 * by time used). A job that comes, or comes back, begins where those that are being served stand: having been away earns
 * nothing. Source: Goyal, Vin, Cheng, "Start-time Fair Queuing", SIGCOMM 1996.
 */
export const createTurns = (atOnce: number, now: () => number = () => performance.now()): Turns => {
  const queues = new Map<string, Queue>()
  let running = 0
  let virtual = 0

  const serve = () => {
    while (running < atOnce) {
      const next = [...queues.values()].filter(one => one.waiting.length > 0).sort((a, b) => a.used - b.used)[0]
      if (!next) break
      virtual = Math.max(virtual, next.used)
      running++
      next.running++
      next.waiting.shift()!()
    }
    if (running === 0) virtual = Math.max(virtual, ...[...queues.values()].map(({ used }) => used))
    // Who stands where it would begin anew need not be remembered.
    for (const [job, { used, running: at, waiting }] of queues)
      if (at === 0 && waiting.length === 0 && used <= virtual) queues.delete(job)
  }

  const queueOf = (job: string): Queue => {
    const queue = queues.get(job) ?? { used: virtual, running: 0, waiting: [] }
    queues.set(job, queue)
    if (queue.running === 0 && queue.waiting.length === 0) queue.used = Math.max(queue.used, virtual)
    return queue
  }

  return {
    async take({ job, weight }, signal) {
      signal.throwIfAborted()
      const queue = queueOf(job)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const abort = () => {
        const place = queue.waiting.indexOf(resolve)
        if (place < 0) return
        queue.waiting.splice(place, 1)
        reject(signal.reason)
        serve()
      }
      queue.waiting.push(resolve)
      signal.addEventListener('abort', abort, { once: true })
      serve()
      await promise.finally(() => signal.removeEventListener('abort', abort))
      const began = now()
      let ended = false
      return {
        end() {
          if (ended) return
          ended = true
          running--
          queue.running--
          queue.used += (now() - began) / weight
          // Whoever has just ended may ask again at once, and is to be compared with those that wait.
          setImmediate(serve)
        },
      }
    },
  }
}
