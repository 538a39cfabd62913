import {
  type Broker,
  BrokerError,
  type Follower,
  type FollowOptions,
  type JoinOptions,
  type Membership,
  type TopicSpec,
  type Transactor,
} from './broker.ts'
import { MemoryCluster, type MemoryOptions } from './memory/cluster.ts'
import { MemoryFollower } from './memory/follower.ts'
import { MemoryMembership } from './memory/membership.ts'
import { MemoryTransactor } from './memory/transactor.ts'

/** A Kafka in this process: logs with transactions, groups with rebalances, no disk, no network and no timers. */
export interface MemoryKafka {
  /** One client, as a process would have it. All clients of a MemoryKafka share its topics. */
  connect(clientId?: string): MemoryBroker
}

export const memoryKafka = (options: MemoryOptions = {}): MemoryKafka => {
  const cluster = new MemoryCluster(options)
  return { connect: (clientId = 'memory') => new MemoryBroker(cluster, clientId) }
}

export class MemoryBroker implements Broker {
  readonly #cluster: MemoryCluster
  readonly #clientId: string
  readonly #members = new Set<MemoryMembership>()
  readonly #followers = new Set<MemoryFollower>()
  readonly #transactors = new Set<MemoryTransactor>()
  #closed = false

  constructor(cluster: MemoryCluster, clientId: string) {
    this.#cluster = cluster
    this.#clientId = clientId
  }

  async clusterId(): Promise<string> {
    this.#check()
    return this.#cluster.clusterId
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#check()
    for (const topic of topics) this.#cluster.ensureTopic(topic)
  }

  async range(topic: string, lane: number): Promise<{ readonly start: number; readonly end: number }> {
    this.#check()
    const { start, end } = this.#cluster.log(topic, lane)
    return { start, end }
  }

  async committed(group: string, topic: string, lane: number): Promise<number | null> {
    this.#check()
    return this.#cluster.group(group).committed(topic, lane)
  }

  async owners(group: string, topic: string): Promise<ReadonlyMap<number, string> | null> {
    this.#check()
    return this.#cluster.group(group).owners(topic)
  }

  async deleteRecords(topic: string, lane: number, before: number): Promise<void> {
    this.#check()
    this.#cluster.log(topic, lane).deleteBefore(before)
  }

  async fence(transactionalId: string): Promise<Transactor> {
    this.#check()
    const transactor = new MemoryTransactor(this.#cluster, transactionalId)
    this.#transactors.add(transactor)
    return transactor
  }

  async join(options: JoinOptions): Promise<Membership> {
    this.#check()
    const member = new MemoryMembership(this.#cluster, options, this.#clientId)
    this.#members.add(member)
    return member
  }

  async follow(options: FollowOptions): Promise<Follower> {
    this.#check()
    const follower = new MemoryFollower(this.#cluster, options)
    this.#followers.add(follower)
    return follower
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const member of this.#members) await member.leave()
    for (const follower of this.#followers) await follower.stop()
    for (const transactor of this.#transactors) await transactor.close()
  }

  /** As if the process had been killed: open transactions stay open, and its lanes go to others. */
  async kill(): Promise<void> {
    this.#closed = true
    for (const member of this.#members) member.kill()
    for (const follower of this.#followers) await follower.stop()
    for (const transactor of this.#transactors) transactor.kill()
  }

  #check(): void {
    if (this.#closed) throw new BrokerError('closed', 'The broker was closed.')
  }
}
