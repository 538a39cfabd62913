import type { JoinOptions, Membership } from '../broker.ts'
import type { MemoryCluster } from './cluster.ts'
import type { GroupMember, MemoryGroup } from './group.ts'
import { LaneReader } from './lane-reader.ts'

export class MemoryMembership implements Membership, GroupMember {
  readonly sessionTimeoutMs = 30_000
  readonly topic: string
  readonly clientId: string
  readonly #options: JoinOptions
  readonly #cluster: MemoryCluster
  readonly #group: MemoryGroup
  #lanes = new Map<number, LaneReader>()
  #epoch = 0
  #assigned = false
  #left = false

  constructor(cluster: MemoryCluster, options: JoinOptions, clientId: string) {
    this.clientId = clientId
    this.#cluster = cluster
    this.#options = options
    this.topic = options.topic
    cluster.lanes(options.topic)
    this.#group = cluster.group(options.group)
    this.#group.join(this)
  }

  assigned(lanes: readonly number[]): void {
    this.#assigned = true
    const epoch = ++this.#epoch
    this.#lanes = new Map(
      lanes.map(lane => [
        lane,
        new LaneReader({
          cluster: this.#cluster,
          log: this.#cluster.log(this.topic, lane),
          waitsPastEnd: false,
          deliver: batch => this.#options.records({ ...batch, epoch }),
          failed: error => this.#fail(error),
        }),
      ]),
    )
    this.#options.assigned(lanes, epoch)
  }

  revoked(): void {
    if (!this.#assigned) return
    this.#drop()
    this.#options.revoked()
  }

  seek(lane: number, offset: number): void {
    this.#lanes.get(lane)?.seek(offset)
  }

  pause(lanes: readonly number[]): void {
    for (const lane of lanes) this.#lanes.get(lane)?.pause()
  }

  resume(lanes: readonly number[]): void {
    for (const lane of lanes) this.#lanes.get(lane)?.resume()
  }

  lanes(): readonly number[] {
    return [...this.#lanes.keys()]
  }

  silentMs(): number {
    return 0
  }

  async leave(): Promise<void> {
    if (this.#left) return
    this.#left = true
    this.revoked()
    this.#group.leave(this)
  }

  /** As if its process had been killed: the group takes its lanes away, and nobody here is told. */
  kill(): void {
    this.#left = true
    this.#drop()
    this.#group.leave(this)
  }

  #drop(): void {
    this.#assigned = false
    for (const reader of this.#lanes.values()) reader.close()
    this.#lanes.clear()
  }

  #fail(error: Error): void {
    if (this.#left) return
    this.leave().then(
      () => this.#options.failed(error),
      () => this.#options.failed(error),
    )
  }
}
