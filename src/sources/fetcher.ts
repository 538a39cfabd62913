import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { addressOf } from './fetching/addresses.ts'
import { allowList } from './fetching/allow-list.ts'
import { type NotFetched, type Page, pageOf, redirectOf, statusFailure, type Validators } from './fetching/answers.ts'
import type { BodyLimits } from './fetching/body.ts'
import { type Answer, exchange, type Head } from './fetching/exchange.ts'
import { Failed, type FetchFailure, failed } from './fetching/failure.ts'
import { type FetchOptions, mostRedirects } from './fetching/fetch-options.ts'
import { type Guard, guardOf, type Resolve, resolveBySystem } from './fetching/guard.ts'
import { lookUpAhead } from './fetching/look-ups.ts'
import { mediaTypeOf } from './fetching/media-type.ts'
import { Politeness } from './fetching/politeness.ts'
import { noRules, type RobotsRules } from './fetching/robots.ts'
import { RobotsOfHosts } from './fetching/robots-of-hosts.ts'

export interface FetcherOptions {
  /** Hosts and addresses that may be reached although they are not public, or at other ports; see `entryOf`. */
  readonly allow?: readonly string[]
  /** At which public addresses are reached; 80 and 443 unless given. */
  readonly ports?: readonly number[]
  /** Bytes of an answer at most, as sent and as decompressed. */
  readonly maxBytes: number
  /** In ms: of one request in all, and without a sign of the server. */
  readonly timeoutMs: number
  readonly idleMs: number
  /** What a host is asked at most by this process: requests a second, and at once. */
  readonly rate: number
  readonly concurrency: number
  /** `Penstock/VERSION (+URL)` */
  readonly userAgent: string
  /** The system's resolver unless given. */
  readonly resolve?: Resolve
}

/** Of the names of one source, at its admission. */
const lookUps = { atOnce: 8, ms: 3000 }

/**
 * THE ONLY SOCKET of sources. What it does not do: speak to an address that is not public (unless an operator allows
 * it), take more than its limits, hurry a host, ask what robots.txt forbids, read proxy variables, send credentials.
 */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #guard: Guard
  readonly #resolve: Resolve
  readonly #guardBy: (resolve: Resolve) => Guard
  readonly #agents = {
    http: new Agent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 32 }),
    https: new SecureAgent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 32 }),
  }
  readonly #politeness = new Politeness()
  readonly #robots = new RobotsOfHosts((url, options) => this.#ask(url, null, options))

  constructor(options: FetcherOptions) {
    this.#options = options
    const ports = new Set(options.ports ?? [80, 443])
    const allow = allowList(options.allow ?? [], ports)
    this.#resolve = options.resolve ?? resolveBySystem
    this.#guardBy = resolve => guardOf(allow, ports, resolve)
    this.#guard = this.#guardBy(this.#resolve)
  }

  /** What a URL gives: a page, or why there is none. Throws only the signal's reason. */
  async fetch(url: URL, options: FetchOptions): Promise<Page | NotFetched> {
    try {
      return await this.#follow(url, options)
    } catch (error) {
      if (error instanceof Failed) return { kind: 'failed', ...error.failure }
      throw error
    }
  }

  /** What the host's robots.txt says; a failure where it cannot be asked. Throws only the signal's reason. */
  async robots(url: URL, options: FetchOptions): Promise<RobotsRules | FetchFailure> {
    try {
      return await this.#robots.of(url, options)
    } catch (error) {
      if (error instanceof Failed) return error.failure
      throw error
    }
  }

  /** Why each URL would never be asked, as far as can be seen soon; null where it would, or where that is not seen. */
  async refusals(urls: readonly URL[]): Promise<readonly (FetchFailure | null)[]> {
    const hosts = urls.map(({ hostname }) => hostname).filter(host => addressOf(host) === null)
    const guard = this.#guardBy(await lookUpAhead(hosts, this.#resolve, lookUps))
    return Promise.all(urls.map(url => refusal(guard, url)))
  }

  /** What users may ask for at most. */
  get bounds(): Pick<FetcherOptions, 'rate' | 'concurrency'> {
    return this.#options
  }

  /** From one request to the next of the host of a URL, in ms; null where its robots.txt has not been read yet. */
  intervalMs(url: URL, options: FetchOptions): number | null {
    const rules = options.respectRobots ? this.#robots.known(url, options) : noRules
    return rules === undefined ? null : this.#intervalMs(rules.delayMs, options)
  }

  /** How long the host of a URL asked to be left alone, in ms. */
  blockedMs(url: URL): number {
    return this.#politeness.blockedMs(url.host)
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }

  async #follow(first: URL, options: FetchOptions): Promise<Page | NotFetched> {
    const most = options.redirects ?? mostRedirects
    let url = first
    for (let hops = 0; ; hops++) {
      const answer = await this.#politely(url, options)
      if (answer.status === 304 && options.validators) return { kind: 'unchanged', url }
      const to = redirectOf(answer, url)
      if (to === null) return pageOf(answer, url)
      if (most === 0) return { kind: 'redirect', url, to }
      if (hops === most) throw failed('too_many_redirects', `${first.href} redirects more than ${most} times.`)
      url = to
    }
  }

  async #politely(url: URL, options: FetchOptions): Promise<Answer> {
    this.#guard.check(url)
    const rules = options.respectRobots ? await this.#robots.of(url, options) : noRules
    if (!rules.allows(url))
      throw failed('robots_disallowed', `The robots.txt of ${url.host} asks not to read ${url.href}.`)
    return this.#ask(url, rules.delayMs, options)
  }

  async #ask(url: URL, delayMs: number | null, options: FetchOptions): Promise<Answer> {
    const { concurrency, maxBytes, timeoutMs, idleMs } = this.#options
    const intervalMs = this.#intervalMs(delayMs, options)
    const atOnce = delayMs === null ? Math.min(concurrency, options.concurrency ?? concurrency) : 1
    const leave = await this.#politeness.turn(url.host, { concurrency: atOnce, intervalMs }, options.signal)
    try {
      return await exchange({
        ...{ url, timeoutMs, idleMs },
        guard: this.#guard,
        agents: this.#agents,
        headers: this.#headers(options.validators ?? null),
        ...(options.json === undefined ? {} : { json: options.json }),
        signal: options.signal,
        wanted: head => this.#wanted(head, url, options, { maxBytes }),
      })
    } finally {
      leave()
    }
  }

  #intervalMs(delayMs: number | null, options: FetchOptions): number {
    const { rate } = this.#options
    return Math.max(1000 / Math.min(rate, options.rate ?? rate), delayMs ?? 0)
  }

  /** Refuses an answer by its head, so that nothing of its body is read. */
  #wanted(head: Head, url: URL, { types, limits }: FetchOptions, own: BodyLimits): BodyLimits | null {
    const failure = statusFailure(head, url, Date.now())
    if (failure?.retryAfterMs !== undefined) this.#politeness.block(url.host, failure.retryAfterMs)
    if (failure) throw new Failed(failure)
    if (head.status !== 200 && head.status !== 203) return null
    const { essence } = mediaTypeOf(head.headers['content-type'])
    if (types && essence !== '' && !types(essence))
      throw failed('unsupported_type', `${url.href} is ${essence}, which is not read.`)
    return limits ?? own
  }

  #headers(validators: Validators | null): Record<string, string> {
    return {
      'user-agent': this.#options.userAgent,
      accept: 'text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, */*;q=0.5',
      ...(validators?.etag ? { 'if-none-match': validators.etag } : {}),
      ...(validators?.lastModified ? { 'if-modified-since': validators.lastModified } : {}),
    }
  }
}

const refusal = async (guard: Guard, url: URL): Promise<FetchFailure | null> => {
  try {
    await guard.look(url)
    return null
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    return error.failure.retryable ? null : error.failure
  }
}
