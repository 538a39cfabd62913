/** Resolves after so many milliseconds, or at once when the signal aborts; leaves nothing on the signal, which may live for months. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const awake = () => resolve()
  const timer = setTimeout(awake, signal.aborted ? 0 : ms)
  signal.addEventListener('abort', awake, { once: true })
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', awake)
  })
}
