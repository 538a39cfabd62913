import { BrokerError, type Follower, type FollowOptions } from '../broker.ts'
import { FollowProgress } from '../follow-progress.ts'
import { LaneFetcher } from './lane-fetcher.ts'
import type { Link } from './link.ts'
import type { LogRanges } from './log-ranges.ts'

/** Reads lanes from stated offsets without a group, on two links of its own. */
export class KafkaFollower implements Follower {
  readonly #options: FollowOptions
  readonly #links: readonly [Link, Link]
  readonly #ranges: LogRanges
  readonly #progress: FollowProgress
  readonly #fetcher: LaneFetcher
  #closing: Promise<unknown> = Promise.resolve()

  constructor(options: FollowOptions, links: readonly [Link, Link], ranges: LogRanges, ended: () => void) {
    this.#options = options
    this.#links = links
    this.#ranges = ranges
    this.#progress = new FollowProgress(options, () => {
      this.#fetcher.close()
      ended()
      this.#closing = Promise.allSettled(this.#links.map(link => link.close()))
    })
    this.#fetcher = new LaneFetcher({
      topic: options.topic,
      links,
      deliver: stretch => this.#progress.handle(stretch),
      outOfRange: (lane, position) => this.#outOfRange(lane, position),
      failed: error => this.#progress.fail(error),
    })
  }

  async start(): Promise<void> {
    const { topic, from } = this.#options
    await this.#links[0].know([topic])
    const lanes = [...from.keys()]
    this.#fetcher.assign(lanes)
    for (const [lane, offset] of from) this.#fetcher.seek(lane, offset)
    this.#fetcher.resume(lanes)
  }

  /**
   * Waits up to the end of the log, not to the last stable offset: a commit returns before its markers are written,
   * and what it committed must not be missed.
   */
  caughtUp(): Promise<void> {
    const { topic, from } = this.#options
    return this.#progress.reach(() => this.#ranges.ends(topic, [...from.keys()]))
  }

  async stop(): Promise<void> {
    this.#progress.end(new BrokerError('closed', `The follower of ${this.#options.topic} was stopped.`))
    await this.#closing
  }

  async #outOfRange(lane: number, position: number): Promise<boolean> {
    const { topic } = this.#options
    const { start } = await this.#ranges.range(topic, lane)
    if (position >= start) return true
    this.#progress.fail(
      new BrokerError(
        'offset_out_of_range',
        `Records of ${topic} lane ${lane} are gone: the reader stands at ${position}, the broker keeps ${start} and later.`,
      ),
    )
    return false
  }
}
