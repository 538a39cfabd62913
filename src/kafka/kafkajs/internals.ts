/**
 * The parts inside KafkaJS 2.2.4 that the adapter stands on, with types for what is used of them. Its public consumer
 * and producer cannot do what the port promises (fencing at a stated time, reading without a group, one slow lane
 * alone), but its protocol, connections and group membership can. The version is pinned exactly.
 */

import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { ProtocolRequest, RequestDefinition } from './protocol.ts'
import type { SocketFactory } from './sockets.ts'

export interface Connection {
  readonly requestQueue: RequestQueue
  socket?: Socket | undefined
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<boolean>
  disconnect(): Promise<boolean>
}

export interface RequestQueue {
  readonly pending: unknown[]
  readonly inflight: Map<number, InflightRequest>
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  readonly enforceRequestTimeout: boolean
  requestTimeoutIntervalId?: NodeJS.Timeout | undefined
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
  sendSocketRequest(request: unknown): void
  isConnected(): boolean
  rejectAll(error: Error): void
  destroy(): void
}

export interface InflightRequest {
  readonly sentAt: number
  readonly requestTimeout: number
  timeoutRequest(): void
}

export type ApiVersions = Readonly<Record<string, { readonly minVersion: number; readonly maxVersion: number }>>

export interface BrokerNode {
  readonly nodeId: string | number
  readonly brokerAddress: string
  readonly versions: ApiVersions | null
  readonly connectionPool: {
    readonly host: string
    readonly port: number
    readonly pool: readonly Connection[]
    send(request: ProtocolRequest): Promise<unknown>
  }
  lookupRequest(apiKey: number, definition: RequestDefinition): (payload: unknown) => ProtocolRequest
  metadata(topics: readonly string[]): Promise<{ readonly clusterId: string; readonly brokers: readonly unknown[] }>
  disconnect(): Promise<void>
}

export interface Cluster {
  readonly brokerPool: {
    readonly brokers: Record<string, BrokerNode>
    readonly seedBroker?: BrokerNode
    /** When what is known of the cluster has to be asked for anew; null is now. */
    metadataExpireAt: number | null
    findConnectedBroker(): Promise<BrokerNode>
    /** The next of the addresses that were given. */
    createSeedBroker(): Promise<void>
  }
  connect(): Promise<void>
  disconnect(): Promise<void>
  isConnected(): boolean
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  findBroker(node: { nodeId: string | number }): Promise<BrokerNode>
  findControllerBroker(): Promise<BrokerNode>
  findGroupCoordinator(options: { groupId: string; coordinatorType?: 0 | 1 }): Promise<BrokerNode>
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[]
  removeBroker(address: { host: string; port: number }): void
}

export interface KafkaLogger {
  namespace(name: string): KafkaLogger
}

export interface Assigner {
  readonly name: string
}

export interface ConsumerGroup {
  coordinator: BrokerNode | null
  memberId: string | null
  connect(): Promise<void>
  joinAndSync(): Promise<void>
  heartbeat(options: { interval: number }): Promise<void>
  leave(): Promise<void>
  assigned(): readonly { readonly topic: string; readonly partitions: readonly number[] }[]
  /** Throws KafkaJSStaleTopicMetadataAssignment when a topic has partitions that the assignment does not know. */
  checkForStaleAssignment(): void
}

export interface RetryOptions {
  readonly retries: number
  readonly initialRetryTime: number
  readonly maxRetryTime: number
}

export interface ClusterOptions {
  readonly logger: KafkaLogger
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly socketFactory: SocketFactory
  readonly connectionTimeout: number
  readonly authenticationTimeout: number
  readonly reauthenticationThreshold: number
  readonly requestTimeout: number
  readonly enforceRequestTimeout: boolean
  readonly metadataMaxAge: number
  readonly allowAutoTopicCreation: boolean
  readonly maxInFlightRequests: null
  readonly isolationLevel: number
  readonly retry: RetryOptions
  readonly ssl?: unknown
  readonly sasl?: unknown
}

export interface ConsumerGroupOptions {
  readonly cluster: Cluster
  readonly groupId: string
  readonly topics: readonly string[]
  readonly topicConfigurations: Readonly<Record<string, { readonly fromBeginning: boolean }>>
  readonly logger: KafkaLogger
  readonly instrumentationEmitter: unknown
  readonly assigners: readonly Assigner[]
  readonly sessionTimeout: number
  readonly rebalanceTimeout: number
  readonly autoCommit: boolean
  readonly metadataMaxAge: number
  readonly retry: RetryOptions
}

type Class<Options, Instance> = new (options: Options) => Instance

const load = createRequire(import.meta.url)
const src = (path: string): unknown => load(`kafkajs/src/${path}`)

export const ClusterClass = src('cluster') as Class<ClusterOptions, Cluster>
export const ConsumerGroupClass = src('consumer/consumerGroup') as Class<ConsumerGroupOptions, ConsumerGroup>
export const EmitterClass = src('instrumentation/emitter') as new () => unknown
export const ConnectionClass = src('network/connection') as { readonly prototype: Connection }
export const RequestQueueClass = src('network/requestQueue') as { readonly prototype: RequestQueue }
export const { roundRobin } = src('consumer/assigners') as {
  readonly roundRobin: (options: { cluster: Cluster; groupId: string; logger: KafkaLogger }) => Assigner
}
export const { createLogger } = src('loggers') as {
  readonly createLogger: (options: {
    level: number
    logCreator: () => (entry: {
      level: number
      namespace: string
      log: { message: string; stack?: string; timestamp?: string }
    }) => void
  }) => KafkaLogger
}
export const apiKeys = src('protocol/requests/apiKeys') as Readonly<Record<string, number>>
export const { requests } = src('protocol/requests') as {
  readonly requests: Readonly<Record<string, RequestDefinition>>
}
export const { createErrorFromCode } = src('protocol/error') as {
  readonly createErrorFromCode: (code: number) => Error
}
export const { Codecs: compressionCodecs } = src('protocol/message/compression') as {
  readonly Codecs: Record<
    number,
    () => { compress(encoder: { buffer: Buffer }): Promise<Buffer>; decompress(buffer: Buffer): Promise<Buffer> }
  >
}
export const crc32c = src('protocol/recordBatch/crc32C') as (bytes: Buffer) => number
