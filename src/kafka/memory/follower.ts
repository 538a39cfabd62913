import { BrokerError, type Follower, type FollowOptions } from '../broker.ts'
import { FollowProgress } from '../follow-progress.ts'
import type { MemoryCluster } from './cluster.ts'
import { LaneReader } from './lane-reader.ts'

export class MemoryFollower implements Follower {
  readonly #cluster: MemoryCluster
  readonly #options: FollowOptions
  readonly #progress: FollowProgress
  readonly #readers: readonly LaneReader[]

  constructor(cluster: MemoryCluster, options: FollowOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#progress = new FollowProgress(options, () => {
      for (const reader of this.#readers) reader.close()
    })
    this.#readers = [...options.from].map(([lane, offset]) => {
      const reader = new LaneReader({
        cluster,
        log: cluster.log(options.topic, lane),
        waitsPastEnd: true,
        deliver: batch => this.#progress.handle(batch),
        failed: error => this.#progress.fail(error),
      })
      reader.seek(offset)
      reader.resume()
      return reader
    })
  }

  caughtUp(): Promise<void> {
    const { topic, from } = this.#options
    return this.#progress.reach(
      async () => new Map([...from.keys()].map(lane => [lane, this.#cluster.log(topic, lane).end])),
    )
  }

  async stop(): Promise<void> {
    this.#progress.end(new BrokerError('closed', `The follower of ${this.#options.topic} was stopped.`))
  }
}
