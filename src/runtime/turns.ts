/** Permission to work one slice; ended by whoever got it, once. */
export interface Turn {
  end(): void
}

/** Who wants a turn. A job with several lanes asks for each of them, and has no more share for it. */
export interface Asker {
  readonly job: string
  /** Turns that the job may have at once; without a bound of its own unless stated. */
  readonly most?: number
  /** Twice the weight is twice the share of those who wait at the same time. */
  readonly weight: number
}

/** Shares a process among the jobs whose lanes it works. */
export interface Turns {
  /** Resolves when it is this one's turn; rejects with the signal's reason. */
  take(asker: Asker, signal: AbortSignal): Promise<Turn>
}

export interface TurnsOptions {
  /** A job that has none gets one at once, also beyond the number. */
  readonly oneEach?: boolean
  readonly now?: () => number
}

interface Queue {
  /** Weighted ms that the job has had in slices that have ended, on a scale that all jobs share. */
  used: number
  running: number
  /** The sum of the times at which the slices that run began. */
  began: number
  readonly weight: number
  readonly most: number
  readonly waiting: ((began: number) => void)[]
}

/** Weighted ms that the job has had until then: a slice counts while it runs, else a long one would be a credit. */
const hadBy = (at: number, { used, running, began, weight }: Queue): number => used + (running * at - began) / weight

const idle = ({ running, waiting }: Queue): boolean => running === 0 && waiting.length === 0

/**
 * So many slices at once; whoever waits is served job by job, the one first that has had least (start-time fair queueing
 * by time used). A job that comes, or comes back, begins where those that are being served stand: having been away earns
 * nothing. Source: Goyal, Vin, Cheng, "Start-time Fair Queuing", SIGCOMM 1996.
 */
export const createTurns = (
  atOnce: number,
  { oneEach = false, now = () => performance.now() }: TurnsOptions = {},
): Turns => {
  const queues = new Map<string, Queue>()
  let running = 0
  let virtual = 0

  const serve = () => {
    for (;;) {
      const at = now()
      const next = [...queues.values()]
        .filter(
          one =>
            one.waiting.length > 0 && one.running < one.most && (running < atOnce || (oneEach && one.running === 0)),
        )
        .sort((a, b) => hadBy(at, a) - hadBy(at, b) || a.running / a.weight - b.running / b.weight)[0]
      if (!next) break
      virtual = Math.max(virtual, hadBy(at, next))
      running++
      next.running++
      next.began += at
      next.waiting.shift()!(at)
    }
    if (running === 0) virtual = Math.max(virtual, ...[...queues.values()].map(({ used }) => used))
    // Who stands where it would begin anew need not be remembered.
    for (const [job, queue] of queues) if (idle(queue) && queue.used <= virtual) queues.delete(job)
  }

  /** What a job has had that leaves moves the start of those that come, else ever new ones would always go first. */
  const leave = (queue: Queue) => {
    const at = now()
    const others = [...queues.values()].filter(one => !idle(one)).map(one => hadBy(at, one))
    if (idle(queue) && others.length > 0) virtual = Math.max(virtual, Math.min(queue.used, Math.max(...others)))
  }

  const queueOf = ({ job, weight, most = Number.POSITIVE_INFINITY }: Asker): Queue => {
    const queue = queues.get(job) ?? { used: virtual, running: 0, began: 0, weight, most, waiting: [] }
    queues.set(job, queue)
    if (idle(queue)) queue.used = Math.max(queue.used, virtual)
    return queue
  }

  return {
    async take(asker, signal) {
      signal.throwIfAborted()
      const queue = queueOf(asker)
      const { promise, resolve, reject } = Promise.withResolvers<number>()
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
      const began = await promise.finally(() => signal.removeEventListener('abort', abort))
      let ended = false
      return {
        end() {
          if (ended) return
          ended = true
          running--
          queue.running--
          queue.began -= began
          queue.used += (now() - began) / queue.weight
          // Whoever has just ended may ask again at once, and is to be compared with those that wait.
          setImmediate(() => {
            leave(queue)
            serve()
          })
        },
      }
    },
  }
}
