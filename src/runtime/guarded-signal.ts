export interface Guarded {
  readonly signal: AbortSignal
  /** Lets go of the signal it guards, when nobody will listen any more. */
  end(): void
}

/**
 * A signal that aborts with `signal`, and whose `throwIfAborted` asks `check` first. A process that wakes from a freeze
 * gets its answers before its timers, and would make its next call before any clock tells it that it has been given up;
 * so whoever makes calls asks before each. What `check` throws becomes the reason.
 *
 * It is no `AbortSignal.any`: Node keeps such a signal as long as somebody listens to it, and clients of HTTP never stop.
 */
export const guardedSignal = (signal: AbortSignal, check: () => void): Guarded => {
  const controller = new AbortController()
  const guarded = controller.signal
  const follow = () => controller.abort(signal.reason)
  if (signal.aborted) follow()
  else signal.addEventListener('abort', follow, { once: true })
  guarded.throwIfAborted = () => {
    if (!guarded.aborted)
      try {
        check()
      } catch (error) {
        controller.abort(error)
      }
    AbortSignal.prototype.throwIfAborted.call(guarded)
  }
  return { signal: guarded, end: () => signal.removeEventListener('abort', follow) }
}
