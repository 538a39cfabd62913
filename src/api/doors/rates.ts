import { isIPv6 } from 'node:net'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { ApiError } from '../api-error.ts'

/** Counts requests of this process. */
export interface Rates {
  /** Counts one of `who`. Throws 429 with Retry-After once they are too many. */
  count(who: string): Promise<void>
  /** Whether the next one would be too many; counts none. */
  isSpent(who: string): Promise<boolean>
}

/** `perMinute` of 0 is no limit. */
export const createRates = (perMinute: number): Rates => {
  if (perMinute === 0) return { count: async () => undefined, isSpent: async () => false }
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 })
  return {
    async count(who) {
      try {
        await limiter.consume(who)
      } catch (thrown) {
        if (!(thrown instanceof RateLimiterRes)) throw thrown
        const seconds = Math.max(1, Math.ceil(thrown.msBeforeNext / 1000))
        throw new ApiError(
          429,
          'rate_limited',
          `More than ${perMinute} requests in a minute. Ask again in ${seconds} s.`,
          {
            headers: { 'Retry-After': String(seconds) },
          },
        )
      }
    },
    async isSpent(who) {
      return ((await limiter.get(who))?.consumedPoints ?? 0) >= perMinute
    },
  }
}

/** Whoever has an IPv6 address has the 2^64 of its network. */
export const networkOf = (address: string): string => {
  const plain = address.split('%', 1)[0]!
  if (!isIPv6(plain) || plain.includes('.')) return plain
  const [left = '', right = ''] = plain.split('::')
  const [before, after] = [wordsOf(left), wordsOf(right)]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}

const wordsOf = (half: string): readonly string[] => (half === '' ? [] : half.split(':'))
