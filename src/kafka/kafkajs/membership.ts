import { BrokerError, type JoinOptions, type Membership } from '../broker.ts'
import { brokerError, isConnectionError } from './errors.ts'
import { asksToRejoin, GroupSession, isCurable, type SessionTimes } from './group-session.ts'
import { LaneFetcher } from './lane-fetcher.ts'
import type { Link } from './link.ts'
import type { LogRanges } from './log-ranges.ts'
import { sleep } from './sleep.ts'

const goodbyeMs = 1000

/** One member of a consumer group: a GroupSession says which lanes it has, a LaneFetcher reads them. */
export class KafkaMembership implements Membership {
  readonly #options: JoinOptions
  readonly #times: SessionTimes
  readonly #links: readonly [Link, Link]
  readonly #ranges: LogRanges
  readonly #ended: () => void
  readonly #fetcher: LaneFetcher
  readonly #session: GroupSession
  readonly #note: (error: unknown) => void
  readonly #stopped = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  #epoch = 0
  #assigned = false

  constructor(
    options: JoinOptions,
    links: readonly [Link, Link],
    ranges: LogRanges,
    times: SessionTimes,
    ended: () => void,
  ) {
    this.#options = options
    this.#times = times
    this.#links = links
    this.#ranges = ranges
    this.#ended = ended
    this.#note = links[0].note(`Group ${options.group} waits for the broker`)
    this.#fetcher = new LaneFetcher({
      topic: options.topic,
      links,
      deliver: stretch => options.records({ ...stretch, epoch: this.#epoch }),
      outOfRange: (lane, position) => this.#outOfRange(lane, position),
      failed: error => this.#fail(error),
    })
    this.#session = new GroupSession(links[0], options.group, options.topic, times)
  }

  /** Resolves when the topic is known; the first assignment comes later. */
  async start(): Promise<void> {
    await this.#links[0].know([this.#options.topic])
    this.#loop = this.#run()
  }

  get sessionTimeoutMs(): number {
    return this.#times.sessionTimeoutMs
  }

  silentMs(): number {
    return this.#session.silentMs()
  }

  seek(lane: number, offset: number): void {
    this.#fetcher.seek(lane, offset)
  }

  pause(lanes: readonly number[]): void {
    this.#fetcher.pause(lanes)
  }

  resume(lanes: readonly number[]): void {
    this.#fetcher.resume(lanes)
  }

  async leave(): Promise<void> {
    if (this.#stopped.signal.aborted) return this.#loop
    this.#stopped.abort()
    this.#revoke()
    this.#fetcher.close()
    await this.#session.leave(goodbyeMs)
    await Promise.all(this.#links.map(link => link.close()))
    await this.#loop
    this.#ended()
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped.signal.aborted; ) {
      try {
        await this.#join()
        failures = 0
        await this.#beat()
      } catch (error) {
        if (this.#stopped.signal.aborted) return
        this.#revoke()
        if (!isCurable(error)) {
          this.#fail(brokerError(`Group ${this.#options.group} cannot go on`, error))
          return
        }
        if (asksToRejoin(error)) continue
        failures++
        await sleep(Math.min(2000, 50 * 2 ** failures), this.#stopped.signal)
        await this.#links[0].relearn(error).catch(this.#note)
      }
    }
  }

  async #join(): Promise<void> {
    const lanes = await this.#session.join()
    if (this.#stopped.signal.aborted) return
    this.#epoch++
    this.#assigned = true
    this.#fetcher.assign(lanes)
    this.#options.assigned(lanes, this.#epoch)
  }

  /** Ends by an error when the group wants this member to join again, or has surely given it up. */
  async #beat(): Promise<void> {
    for (;;) {
      await sleep(this.#times.heartbeatMs, this.#stopped.signal)
      if (this.#stopped.signal.aborted) return
      try {
        await this.#session.heartbeat()
      } catch (error) {
        if (!isConnectionError(error) || this.silentMs() > this.sessionTimeoutMs) throw error
        await this.#session.findCoordinator().catch(this.#note)
      }
    }
  }

  /**
   * One that wakes from a freeze stands where it stood, in lanes that others have worked to their end meanwhile: whether
   * it still has them, its next heartbeat tells. Until then nothing is known to be lost.
   */
  async #outOfRange(lane: number, position: number): Promise<true> {
    if (this.silentMs() > 2 * this.#times.heartbeatMs) return true
    const { topic, group } = this.#options
    const { start, end } = await this.#ranges.range(topic, lane)
    throw new BrokerError(
      'offset_out_of_range',
      `Records of ${topic} lane ${lane} are gone: ${group} stands at ${position}, the broker keeps ${start} to ${end}.`,
    )
  }

  #revoke(): void {
    if (!this.#assigned) return
    this.#assigned = false
    this.#fetcher.assign([])
    this.#options.revoked()
  }

  #fail(error: Error): void {
    if (this.#stopped.signal.aborted) return
    const tell = () => this.#options.failed(error)
    this.leave().then(tell, tell)
  }
}
