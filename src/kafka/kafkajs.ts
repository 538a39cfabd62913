import type { Logger } from 'pino'
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
import { asAdmin } from './kafkajs/as-admin.ts'
import { brokerError } from './kafkajs/errors.ts'
import { KafkaFollower } from './kafkajs/follower.ts'
import { groupOwners } from './kafkajs/group-owners.ts'
import { type ConnectionOptions, Link } from './kafkajs/link.ts'
import { LogRanges } from './kafkajs/log-ranges.ts'
import { KafkaMembership } from './kafkajs/membership.ts'
import { patchKafkaJs } from './kafkajs/patches.ts'
import { wanted } from './kafkajs/refusals.ts'
import { checkOffsetRetention, ensureTopics } from './kafkajs/topics.ts'
import { KafkaTransactor } from './kafkajs/transactor.ts'
import { checkVersions } from './kafkajs/versions.ts'

export interface KafkaOptions {
  /** host:port of some brokers of the cluster. */
  readonly brokers: readonly string[]
  /** Named in the broker's logs and quotas. */
  readonly clientId?: string
  readonly log?: Logger
  /** TLS is spoken with these: PEM texts, as Node's tls.connect takes them. */
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
  /** Starts on brokers that forget the offsets of groups that are away for long. */
  readonly allowOffsetExpiry?: boolean
  /** Copies of each topic that is made. Default three, or as many as there are brokers. */
  readonly replicationFactor?: number
  /** How long a silent member keeps its lanes. Default 30 s. */
  readonly sessionTimeoutMs?: number
  /** Default: a tenth of the session timeout. */
  readonly heartbeatMs?: number
}

/** Connects to Kafka 4.0 or later; refuses a broker that would break a guarantee, with a sentence. */
export const openKafka = async (options: KafkaOptions): Promise<Broker> => {
  patchKafkaJs()
  const broker = new KafkaBroker(options)
  try {
    await broker.check(options.allowOffsetExpiry ?? false)
    return broker
  } catch (error) {
    await broker.close()
    throw await wanted(options, brokerError(`Kafka at ${options.brokers.join(', ')} could not be used`, error))
  }
}

interface OffsetFetchResponse {
  readonly responses: readonly { readonly partitions: readonly { readonly offset: string }[] }[]
}

/** Transactions of all lanes share a few connections: a request that waits for replicas holds up only its own. */
const transactionLinks = 4

class KafkaBroker implements Broker {
  readonly #options: KafkaOptions
  readonly #connection: ConnectionOptions
  readonly #link: Link
  readonly #ranges: LogRanges
  readonly #transactionLinks: readonly Link[]
  readonly #members = new Set<KafkaMembership>()
  readonly #followers = new Set<KafkaFollower>()
  readonly #transactors = new Set<KafkaTransactor>()
  #fences = 0
  #closed: Promise<void> | null = null

  constructor(options: KafkaOptions) {
    const { brokers, clientId = 'penstock', log, ssl, sasl } = options
    this.#options = options
    this.#connection = { brokers, clientId, log, ssl, sasl }
    this.#link = new Link(this.#connection)
    this.#ranges = new LogRanges(this.#link)
    this.#transactionLinks = Array.from({ length: transactionLinks }, () => new Link(this.#connection))
  }

  async check(allowOffsetExpiry: boolean): Promise<void> {
    checkVersions(await this.#link.any())
    if (!allowOffsetExpiry) await asAdmin(this.#connection, checkOffsetRetention)
  }

  async clusterId(): Promise<string> {
    const node = await this.#doing('The name of the cluster could not be read', () => this.#link.any())
    const { clusterId } = await this.#doing('The name of the cluster could not be read', () => node.metadata([]))
    return clusterId
  }

  ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#doing('Topics could not be made', () =>
      asAdmin(this.#connection, admin => ensureTopics(admin, topics, this.#options.replicationFactor)),
    )
  }

  range(topic: string, lane: number): Promise<{ readonly start: number; readonly end: number }> {
    return this.#ranges.range(topic, lane)
  }

  committed(group: string, topic: string, lane: number): Promise<number | null> {
    return this.#doing(`The offset of ${group} in ${topic} lane ${lane} could not be read`, async () => {
      const { responses } = await this.#link.patiently(async () =>
        this.#link.send<OffsetFetchResponse>(await this.#link.coordinator('group', group), 'OffsetFetch', {
          groupId: group,
          topics: [{ topic, partitions: [{ partition: lane }] }],
        }),
      )
      const offset = Number(responses[0]?.partitions[0]?.offset ?? -1)
      return offset < 0 ? null : offset
    })
  }

  owners(group: string, topic: string): Promise<ReadonlyMap<number, string> | null> {
    return this.#doing(`The members of ${group} could not be read`, () => groupOwners(this.#link, group, topic))
  }

  deleteRecords(topic: string, lane: number, before: number): Promise<void> {
    return this.#doing(`Records of ${topic} lane ${lane} could not be deleted`, async () => {
      await this.#link.patiently(async () =>
        this.#link.send(await this.#link.leader(topic, lane), 'DeleteRecords', {
          topics: [{ topic, partitions: [{ partition: lane, offset: before }] }],
        }),
      )
    })
  }

  async fence(transactionalId: string): Promise<Transactor> {
    this.#check()
    const link = this.#transactionLinks[this.#fences++ % transactionLinks]!
    const transactor = await KafkaTransactor.fence(link, transactionalId, {
      closed: () => void this.#transactors.delete(transactor),
      failed: error => {
        for (const each of this.#transactionLinks) each.forget(error)
      },
    })
    this.#transactors.add(transactor)
    return transactor
  }

  async join(options: JoinOptions): Promise<Membership> {
    this.#check()
    const { sessionTimeoutMs = 30_000, heartbeatMs = sessionTimeoutMs / 10 } = this.#options
    const times = { sessionTimeoutMs, heartbeatMs }
    const member = new KafkaMembership(options, this.#twoLinks(), this.#ranges, times, () =>
      this.#members.delete(member),
    )
    this.#members.add(member)
    await this.#doing(`Group ${options.group} could not be joined`, () => member.start())
    return member
  }

  async follow(options: FollowOptions): Promise<Follower> {
    this.#check()
    const follower = new KafkaFollower(options, this.#twoLinks(), this.#ranges, () => this.#followers.delete(follower))
    this.#followers.add(follower)
    await this.#doing(`Topic ${options.topic} could not be followed`, () => follower.start())
    return follower
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#members].map(member => member.leave()))
    await Promise.all([...this.#followers].map(follower => follower.stop()))
    await Promise.all([...this.#transactors].map(transactor => transactor.close()))
    await Promise.all([this.#link, ...this.#transactionLinks].map(link => link.close()))
  }

  #twoLinks(): [Link, Link] {
    return [new Link(this.#connection), new Link(this.#connection)]
  }

  #check(): void {
    if (this.#closed) throw new BrokerError('closed', 'The broker was closed.')
  }

  async #doing<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw brokerError(doing, error)
    }
  }
}
