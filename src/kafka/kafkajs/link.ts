import type { Logger } from 'pino'
import { BrokerError } from '../broker.ts'
import { isMoved, isNotYet } from './errors.ts'
import { apiKeys, type BrokerNode, type Cluster, ClusterClass, type KafkaLogger, requests } from './internals.ts'
import { kafkaLogger } from './kafka-logger.ts'
import type { OwnProtocol } from './protocol.ts'
import { Sockets } from './sockets.ts'

export interface ConnectionOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly log?: Logger | undefined
  readonly ssl?: unknown
  readonly sasl?: unknown
}

export const readCommitted = 1

/**
 * Connections to the brokers of one cluster, for one purpose: a request that parks at the broker (a long poll, a
 * join) holds up all that comes after it on the same connection.
 */
export class Link {
  readonly cluster: Cluster
  readonly logger: KafkaLogger
  #coordinators = new Map<string, Promise<BrokerNode>>()
  #topics = new Set<string>()
  #connected: Promise<void> | null = null
  readonly #log: Logger | undefined
  readonly #sockets = new Sockets()
  readonly #addresses: number
  #closed = false

  constructor({ brokers, clientId, log, ssl, sasl }: ConnectionOptions) {
    this.#log = log
    this.#addresses = brokers.length
    this.logger = kafkaLogger(log)
    this.cluster = new ClusterClass({
      logger: this.logger,
      brokers,
      clientId,
      socketFactory: this.#sockets.open,
      connectionTimeout: 3000,
      authenticationTimeout: 10_000,
      reauthenticationThreshold: 10_000,
      requestTimeout: 30_000,
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: readCommitted,
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000 },
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    })
  }

  /** Sends one request of KafkaJS's protocol; errors are KafkaJS's own. `own` replaces its encoder or decoder. */
  async send<T>(node: BrokerNode, api: string, payload: unknown, own: OwnProtocol = {}): Promise<T> {
    if (this.#closed) throw closedError()
    const { request, ...rest } = node.lookupRequest(apiKeys[api]!, requests[api]!)(payload)
    const { encode = request.encode, response = rest.response } = own
    try {
      return (await node.connectionPool.send({
        ...rest,
        request: { ...request, encode },
        response,
        logResponseError: false,
      })) as T
    } catch (error) {
      // A connection that answers nothing is dead, whatever the socket says; the next request makes a new one.
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError') await this.#sever(node, error)
      throw error
    }
  }

  async any(): Promise<BrokerNode> {
    await this.#connect()
    return this.cluster.brokerPool.findConnectedBroker()
  }

  async leader(topic: string, lane: number): Promise<BrokerNode> {
    await this.know([topic])
    const partition = this.cluster.findTopicPartitionMetadata(topic).find(each => each.partitionId === lane)
    if (!partition) throw new BrokerError('unknown_topic', `Topic ${topic} has no lane ${lane} on this broker.`)
    return this.cluster.findBroker({ nodeId: partition.leader })
  }

  /** The node that keeps a group's offsets (`group`) or a transactional id's state (`transaction`). */
  coordinator(kind: 'group' | 'transaction', id: string): Promise<BrokerNode> {
    if (this.#closed) return Promise.reject(closedError())
    const key = `${kind} ${id}`
    const known = this.#coordinators.get(key)
    if (known) return known.then(({ nodeId }) => this.cluster.findBroker({ nodeId }))
    const found = this.#connect().then(() =>
      this.cluster.findGroupCoordinator({ groupId: id, coordinatorType: kind === 'group' ? 0 : 1 }),
    )
    this.#coordinators.set(key, found)
    found.catch(() => this.#coordinators.delete(key))
    return found
  }

  /** Makes sure that the partitions of these topics are known. */
  async know(topics: readonly string[]): Promise<void> {
    await this.#connect()
    const unknown = topics.filter(topic => !this.#topics.has(topic))
    if (unknown.length > 0) {
      await this.cluster.addMultipleTargetTopics(unknown)
      for (const topic of unknown) this.#topics.add(topic)
    }
    await this.cluster.refreshMetadataIfNecessary()
  }

  /** After an error that says so, forgets who leads and coordinates what: whoever wants to know asks the cluster anew. */
  forget(error: unknown): void {
    if (!isMoved(error)) return
    this.#coordinators.clear()
    this.cluster.brokerPool.metadataExpireAt = null
  }

  /** Forgets it and asks at once. */
  async relearn(error: unknown): Promise<void> {
    if (!isMoved(error)) return
    this.forget(error)
    await this.#connect()
    await this.cluster.refreshMetadata()
  }

  /** For an error that something else makes good: it is logged, with what was being done. */
  note(doing: string): (error: unknown) => void {
    return error => this.#log?.info({ err: error }, doing)
  }

  /** Repeats what the broker refused without doing anything, with growing pauses, for up to `forMs`. */
  async patiently<T>(work: () => Promise<T>, forMs = 30_000, again = isNotYet): Promise<T> {
    const until = performance.now() + forMs
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 250)) {
      try {
        return await work()
      } catch (error) {
        if (this.#closed || !again(error) || performance.now() > until) {
          this.forget(error)
          throw error
        }
        await new Promise(resolve => setTimeout(resolve, pauseMs))
        await this.relearn(error)
      }
    }
  }

  /** Ends every connection at once; requests in flight are rejected. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { brokers, seedBroker } = this.cluster.brokerPool
    const nodes = new Set([...Object.values(brokers), ...(seedBroker ? [seedBroker] : [])])
    await Promise.all([...nodes].map(node => this.#sever(node, closedError())))
    await this.cluster.disconnect()
    this.#sockets.close()
  }

  async #sever(node: BrokerNode, error: Error): Promise<void> {
    for (const connection of node.connectionPool.pool) connection.requestQueue.rejectAll(error)
    await node.disconnect()
  }

  async #connect(): Promise<void> {
    if (this.#closed) throw closedError()
    if (this.cluster.isConnected()) return
    this.#connected ??= this.#reach().finally(() => {
      this.#connected = null
    })
    await this.#connected
    if (!this.#closed) return
    await this.cluster.disconnect()
    throw closedError()
  }

  /** KafkaJS takes the next address only where a connection is refused, not where one opens and nothing answers. */
  async #reach(): Promise<void> {
    for (let left = this.#addresses; ; left--) {
      try {
        return await this.cluster.connect()
      } catch (error) {
        await this.cluster.brokerPool.createSeedBroker()
        if (left <= 1) throw error
      }
    }
  }
}

const closedError = () => new BrokerError('closed', 'The connection to the broker is closed.')
