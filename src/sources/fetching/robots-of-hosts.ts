import { LRUCache } from 'lru-cache'
import { redirectOf } from './answers.ts'
import type { Answer } from './exchange.ts'
import { Failed, type FetchFailure, failed } from './failure.ts'
import { type FetchOptions, mostRedirects } from './fetch-options.ts'
import { noRules, type RobotsRules, robotsBytes, robotsRules } from './robots.ts'

const keptMs = 60 * 60_000

/** What hosts say in their robots.txt; each is asked once for each asker, and again after an hour. */
export class RobotsOfHosts {
  readonly #kept = new LRUCache<string, RobotsRules>({ max: 1000, ttl: keptMs })
  readonly #asking = new Map<string, Promise<RobotsRules>>()
  readonly #ask: (url: URL, options: FetchOptions) => Promise<Answer>

  constructor(ask: (url: URL, options: FetchOptions) => Promise<Answer>) {
    this.#ask = ask
  }

  /** Of the host of a URL. Throws Failed `robots_unavailable` where it cannot be asked. */
  async of(url: URL, options: FetchOptions): Promise<RobotsRules> {
    const key = keyOf(url, options)
    const known = this.#kept.get(key)
    if (known) return known
    const asking = this.#asking.get(key) ?? this.#read(new URL('/robots.txt', url), options)
    this.#asking.set(key, asking)
    try {
      const rules = await asking
      this.#kept.set(key, rules)
      return rules
    } finally {
      this.#asking.delete(key)
    }
  }

  /** Undefined where it has not been asked, or must be asked again. */
  known(url: URL, options: FetchOptions): RobotsRules | undefined {
    return this.#kept.get(keyOf(url, options))
  }

  /** A robots.txt that is not there allows all; one that cannot be asked for allows nothing yet. */
  async #read(first: URL, { asker, signal, rate, concurrency }: FetchOptions): Promise<RobotsRules> {
    const limits = { maxBytes: robotsBytes, cut: true }
    const options = { asker, signal, rate, concurrency, respectRobots: false, limits }
    let url = first
    try {
      for (let hops = 0; hops <= mostRedirects; hops++) {
        const answer = await this.#ask(url, options)
        const to = redirectOf(answer, url)
        if (to === null) return robotsRules(first, answer.body.toString('utf8'))
        url = to
      }
    } catch (error) {
      if (!(error instanceof Failed)) throw error
      const { status, retryable } = error.failure
      if (retryable || status === undefined) throw unavailable(first, error.failure)
    }
    return noRules
  }
}

const keyOf = ({ origin }: URL, { asker }: FetchOptions): string => `${asker} ${origin}`

const unavailable = (url: URL, cause: FetchFailure): Failed =>
  failed('robots_unavailable', `${url.href} cannot be asked, so nothing of its host is: ${cause.message}`, {
    retryable: cause.retryable,
    ...(cause.retryAfterMs === undefined ? {} : { retryAfterMs: cause.retryAfterMs }),
  })
