/**
 * A signal that aborts with `signal`, and whose `throwIfAborted` asks `check` first. A process that wakes from a freeze
 * gets its answers before its timers, and would make its next call before any clock tells it that it has been given up;
 * so whoever makes calls asks before each. What `check` throws becomes the reason.
 */
export const guardedSignal = (signal: AbortSignal, check: () => void): AbortSignal => {
  const controller = new AbortController()
  const guarded = AbortSignal.any([signal, controller.signal])
  guarded.throwIfAborted = () => {
    if (!guarded.aborted)
      try {
        check()
      } catch (error) {
        controller.abort(error)
      }
    AbortSignal.prototype.throwIfAborted.call(guarded)
  }
  return guarded
}
