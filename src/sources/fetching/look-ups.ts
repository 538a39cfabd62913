import type { Resolve, ResolvedAddress } from './guard.ts'

/** How names are looked up ahead. */
export interface LookUps {
  /** Names at once. */
  readonly atOnce: number
  /** For all of them, in ms. */
  readonly ms: number
}

/** What names lead to, each looked up once; one that did not come in time, or failed, cannot be resolved. */
export const lookUpAhead = async (
  hosts: readonly string[],
  resolve: Resolve,
  { atOnce, ms }: LookUps,
): Promise<Resolve> => {
  const left = [...new Set(hosts)]
  const found = new Map<string, readonly ResolvedAddress[]>()
  const worker = async () => {
    for (let host = left.shift(); host !== undefined; host = left.shift()) {
      const [looked] = await Promise.allSettled([resolve(host)])
      if (looked.status === 'fulfilled') found.set(host, looked.value)
    }
  }
  const { promise: late, resolve: end } = Promise.withResolvers<void>()
  const timer = setTimeout(end, ms)
  await Promise.race([late, Promise.all(Array.from({ length: atOnce }, worker))])
  clearTimeout(timer)
  left.length = 0
  return async host => {
    const addresses = found.get(host)
    if (!addresses) throw new Error(`${host} was not found in time.`)
    return addresses
  }
}
