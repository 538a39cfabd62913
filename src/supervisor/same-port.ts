import type { Child, Running } from './running.ts'

/**
 * A part for a supervisor whose further starts are on the port of the first, where its clients look for it. `port` is
 * for the first start; 0 or none leaves the choice to `start`.
 */
export const onSamePort = <R extends Running & { readonly port: number }>(
  name: string,
  port: number | undefined,
  start: (port: number | undefined, signal: AbortSignal) => Promise<R>,
): Child<R> => {
  let chosen = port
  return {
    name,
    async start(signal) {
      const running = await start(chosen, signal)
      chosen = running.port
      return running
    },
  }
}
