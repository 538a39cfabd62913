import { BrokerError } from '../broker.ts'
import { isConnectionError, isNotYet, typeOf } from './errors.ts'
import { type ConsumerGroup, ConsumerGroupClass, EmitterClass, roundRobin } from './internals.ts'
import type { Link } from './link.ts'

export interface SessionTimes {
  /** The group coordinator gives the lanes of a member away that it has not heard for so long. */
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
}

/** KafkaJS's group protocol: join, sync, heartbeat, leave. Its consumer, with its own fetching, never runs. */
export class GroupSession {
  readonly #group: ConsumerGroup
  readonly #link: Link
  readonly #groupId: string
  readonly #topic: string
  #heardAt = performance.now()

  constructor(link: Link, groupId: string, topic: string, { sessionTimeoutMs }: SessionTimes) {
    const { cluster, logger } = link
    this.#link = link
    this.#groupId = groupId
    this.#topic = topic
    this.#group = new ConsumerGroupClass({
      cluster,
      groupId,
      topics: [topic],
      topicConfigurations: { [topic]: { fromBeginning: true } },
      logger,
      instrumentationEmitter: new EmitterClass(),
      assigners: [roundRobin({ cluster, groupId, logger })],
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(60_000, sessionTimeoutMs),
      autoCommit: false,
      metadataMaxAge: 300_000,
      retry: { retries: 3, initialRetryTime: 50, maxRetryTime: 500 },
    })
  }

  /** Milliseconds since the last request that the coordinator answered well was sent. */
  silentMs(): number {
    return performance.now() - this.#heardAt
  }

  /** The lanes of this member, in order. */
  async join(): Promise<readonly number[]> {
    await this.#group.joinAndSync()
    // A join is answered when all members have joined or were given up; one that has waited so long was heard long ago.
    const sentAt = performance.now()
    await this.#group.heartbeat({ interval: 0 })
    this.#heardAt = sentAt
    const mine = this.#group.assigned().find(({ topic }) => topic === this.#topic)
    return (mine?.partitions ?? []).toSorted((a, b) => a - b)
  }

  /** Throws when the group wants this member to join again, or the topic has lanes that nobody was given. */
  async heartbeat(): Promise<void> {
    const sentAt = performance.now()
    this.#group.checkForStaleAssignment()
    await this.#group.heartbeat({ interval: 0 })
    this.#heardAt = sentAt
  }

  async findCoordinator(): Promise<void> {
    const { cluster } = this.#link
    await cluster.refreshMetadata()
    this.#group.coordinator = await cluster.findGroupCoordinator({ groupId: this.#groupId })
  }

  /** So that others get the lanes now and not when the session ends; a broker out of reach is not waited for. */
  async leave(withinMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, withinMs)
    await Promise.race([this.#group.leave(), late]).catch(this.#link.note(`${this.#groupId} was left without a word`))
    clearTimeout(timer)
  }
}

const rejoining = new Set([
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
])

/** The group asks this member to join again, at once. */
export const asksToRejoin = (error: unknown): boolean => rejoining.has(typeOf(error) ?? '')

/** Errors that joining again, now or later, can cure. KafkaJS says so of what it gave up to try. */
export const isCurable = (error: unknown): boolean => {
  if (error instanceof BrokerError) return error.code === 'unreachable'
  if (asksToRejoin(error) || isConnectionError(error) || isNotYet(error)) return true
  const { name, retriable } = error as { name?: string; retriable?: boolean }
  return (
    name === 'KafkaJSStaleTopicMetadataAssignment' || name === 'KafkaJSNumberOfRetriesExceeded' || retriable === true
  )
}
