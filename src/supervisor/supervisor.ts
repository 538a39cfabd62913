import { setTimeout as delay } from 'node:timers/promises'
import type { Child, Running } from './running.ts'

/** What the supervisor says; a logger does. */
export interface SupervisorLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface SupervisorOptions {
  readonly log: SupervisorLog
  /** The pause before the first restart; each further one is twice as long. Default 250 ms. */
  readonly firstPauseMs?: number
  /** The longest pause. Default 15 s. */
  readonly longestPauseMs?: number
  /** Restarts in a row, each of a child that did not stay up, before it gives up. Default 8. */
  readonly restarts?: number
  /** A child that was up for so long has stayed up. Default 60 s. */
  readonly steadyMs?: number
}

interface Kept {
  readonly child: Child
  current: Promise<Running>
  loop: Promise<void>
}

/**
 * Starts children in the order given, starts again those that end unasked, and ends all in the reverse order. A child
 * that will not stay up is given up: `failed` resolves, and whoever runs the supervisor should stop.
 */
export class Supervisor {
  readonly #options: Required<SupervisorOptions>
  readonly #kept: Kept[] = []
  readonly #stopping = new AbortController()
  readonly #failed = Promise.withResolvers<Error>()
  #stopped: Promise<void> | null = null

  constructor(options: SupervisorOptions) {
    this.#options = { firstPauseMs: 250, longestPauseMs: 15_000, restarts: 8, steadyMs: 60_000, ...options }
  }

  /** Resolves, never rejects, with the last error of the first child that was given up. */
  get failed(): Promise<Error> {
    return this.#failed.promise
  }

  /** Starts a child and keeps it up from then on. A first start that fails is thrown, not tried again. */
  async start<R extends Running>(child: Child<R>): Promise<R> {
    const { signal } = this.#stopping
    signal.throwIfAborted()
    const current = child.start(signal)
    const kept: Kept = { child, current, loop: Promise.resolve() }
    this.#kept.push(kept)
    const running = await current
    kept.loop = this.#keep(kept, running)
    return running
  }

  /** Ends the children, the last started first; a start that is under way is given up. Calling it twice is fine. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#stopping.abort(new Error('Penstock is stopping.'))
    for (const kept of this.#kept.toReversed()) {
      const [running] = await Promise.allSettled([kept.current])
      if (running.status === 'fulfilled') await running.value.stop()
      await kept.loop
    }
  }

  async #keep(kept: Kept, first: Running): Promise<void> {
    const { log, firstPauseMs, longestPauseMs, restarts, steadyMs } = this.#options
    const { signal } = this.#stopping
    const { name } = kept.child
    let since = performance.now()
    let error = await first.ended
    for (let failures = 0; error && !signal.aborted; failures++) {
      if (performance.now() - since >= steadyMs) failures = 0
      if (failures >= restarts) {
        log.error({ child: name, err: error }, `${name} does not stay up and is given up.`)
        this.#failed.resolve(error)
        return
      }
      const pauseMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs)
      log.warn({ child: name, err: error }, `${name} ended unasked; it is started again in ${pauseMs} ms.`)
      await Promise.race([delay(pauseMs, undefined, { ref: false }), stopped(signal)])
      if (signal.aborted) return
      kept.current = kept.child.start(signal)
      try {
        const running = await kept.current
        log.info({ child: name }, `${name} is up again.`)
        since = performance.now()
        error = await running.ended
      } catch (failure) {
        since = performance.now()
        error = failure instanceof Error ? failure : new Error(String(failure))
      }
    }
  }
}

const stopped = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
