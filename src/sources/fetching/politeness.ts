import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'

/** How a host is asked. */
export interface Pace {
  /** Requests at once. */
  readonly concurrency: number
  /** From the start of one to that of the next, in ms. */
  readonly intervalMs: number
}

interface Host {
  active: number
  /** When the next request may start, and until when none may, by the monotonic clock. */
  next: number
  blockedUntil: number
  readonly waiting: Set<() => void>
}

/** What a host asks for is obeyed up to this, in ms: one that says a day is asked again after it. */
const longestBlock = 10 * 60_000
const mostHosts = 10_000

/** One for a process: whatever jobs ask a host, it is asked no faster than the pace, and left alone when it says so. */
export class Politeness {
  readonly #hosts = new LRUCache<string, Host>({ max: mostHosts })

  /** Waits for its turn; call what it gives when the request is over. Throws the signal's reason. */
  async turn(name: string, { concurrency, intervalMs }: Pace, signal: AbortSignal): Promise<() => void> {
    const host = this.#of(name)
    while (host.active >= concurrency) await left(host, signal)
    signal.throwIfAborted()
    host.active += 1
    const leave = () => {
      host.active -= 1
      for (const wake of host.waiting) wake()
    }
    const start = Math.max(performance.now(), host.next, host.blockedUntil)
    host.next = start + intervalMs
    const ms = start - performance.now()
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) leave()
    signal.throwIfAborted()
    return leave
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
    const host: Host = { active: 0, next: 0, blockedUntil: 0, waiting: new Set() }
    this.#hosts.set(name, host)
    return host
  }
}

/** Resolves when a request of the host is over. Throws the signal's reason. */
const left = async (host: Host, signal: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  host.waiting.add(resolve)
  if (!signal.aborted) await promise
  host.waiting.delete(resolve)
  signal.throwIfAborted()
}
