import { LRUCache } from 'lru-cache'

/** How a host is asked. */
export interface Pace {
  /** Requests at once. */
  readonly concurrency: number
  /** From the start of one to that of the next, in ms. */
  readonly intervalMs: number
}

interface Asker {
  readonly intervalMs: number
  /** Not before, by the monotonic clock. */
  due: number
  wake: () => void
}

interface Host {
  active: number
  /** When the last request started, and until when none may, by the monotonic clock. */
  last: number
  blockedUntil: number
  /** In the order in which they came. */
  readonly askers: Set<Asker>
}

/** What a host asks for is obeyed up to this, in ms: one that says a day is asked again after it. */
const longestBlock = 10 * 60_000
const mostHosts = 10_000

/** One for a process: whatever jobs ask a host, it is asked no faster than the pace, and left alone when it says so. */
export class Politeness {
  readonly #hosts = new LRUCache<string, Host>({ max: mostHosts })

  /**
   * Waits for its turn; call what it gives when the request is over. Nobody waits for the interval of another: who is
   * not due yet is overtaken. Throws the signal's reason.
   */
  async turn(name: string, { concurrency, intervalMs }: Pace, signal: AbortSignal): Promise<() => void> {
    const host = this.#of(name)
    const asker: Asker = { intervalMs, due: host.last + intervalMs, wake: () => undefined }
    host.askers.add(asker)
    try {
      for (;;) {
        signal.throwIfAborted()
        const ms = Math.max(asker.due, host.blockedUntil) - performance.now()
        if (ms <= 0 && isFirst(asker, host) && host.active < concurrency) return start(asker, host)
        await change(asker, ms > 0 ? ms : null, signal)
      }
    } finally {
      host.askers.delete(asker)
      wakeAll(host)
    }
  }

  /** The host asked to be left alone for so long, in ms. */
  block(name: string, ms: number): void {
    const host = this.#of(name)
    host.blockedUntil = Math.max(host.blockedUntil, performance.now() + Math.min(ms, longestBlock))
  }

  /** How long the host is to be left alone, in ms; 0 where it may be asked. */
  blockedMs(name: string): number {
    return Math.max(0, (this.#hosts.get(name)?.blockedUntil ?? 0) - performance.now())
  }

  #of(name: string): Host {
    const known = this.#hosts.get(name)
    if (known) return known
    const host: Host = { active: 0, last: Number.NEGATIVE_INFINITY, blockedUntil: 0, askers: new Set() }
    this.#hosts.set(name, host)
    return host
  }
}

/** Of those that are due. */
const isFirst = (asker: Asker, { askers }: Host): boolean => {
  const now = performance.now()
  for (const one of askers) if (one.due <= now) return one === asker
  return false
}

/**
 * Those that wait keep the shorter interval to a request that overtook them: their own would begin anew with each, and
 * a slow one never end.
 */
const start = ({ intervalMs }: Asker, host: Host): (() => void) => {
  host.active += 1
  host.last = performance.now()
  for (const one of host.askers) one.due = Math.max(one.due, host.last + Math.min(one.intervalMs, intervalMs))
  return () => {
    host.active -= 1
    wakeAll(host)
  }
}

const wakeAll = ({ askers }: Host): void => {
  for (const { wake } of askers) wake()
}

/** Resolves when something of the host changed, after so long, or when the signal is aborted. */
const change = async (asker: Asker, ms: number | null, signal: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  asker.wake = resolve
  signal.addEventListener('abort', asker.wake, { once: true })
  const timer = ms === null ? undefined : setTimeout(resolve, ms)
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', asker.wake)
}
