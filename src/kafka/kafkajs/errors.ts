import { BrokerError, type BrokerErrorCode } from '../broker.ts'
import { refused } from './refusals.ts'

interface KafkaError extends Error {
  readonly type?: string
  readonly code?: number | string
  readonly retriable?: boolean
}

const codes: Readonly<Record<string, BrokerErrorCode>> = {
  INVALID_PRODUCER_EPOCH: 'fenced',
  INVALID_PRODUCER_ID_MAPPING: 'fenced',
  PRODUCER_FENCED: 'fenced',
  OFFSET_OUT_OF_RANGE: 'offset_out_of_range',
  MESSAGE_TOO_LARGE: 'record_too_large',
  RECORD_LIST_TOO_LARGE: 'record_too_large',
  UNKNOWN_TOPIC_OR_PARTITION: 'unknown_topic',
  INVALID_TOPIC_EXCEPTION: 'unknown_topic',
  UNSUPPORTED_VERSION: 'unsupported_broker',
}

/** KafkaJS 2.2.4 does not know the name of error 90. */
const producerFenced = 90

const unreachableNames =
  /^KafkaJS(Connection|ConnectionClosed|RequestTimeout|BrokerNotFound|NoBrokerAvailable|LockTimeout|GroupCoordinatorNotFound|MetadataNotLoaded|TopicMetadataNotLoaded)/

/** The protocol's name of an error (`CONCURRENT_TRANSACTIONS`), wherever KafkaJS wrapped it. */
export const typeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  const { type, code, cause } = error as KafkaError
  if (code === producerFenced) return 'PRODUCER_FENCED'
  return type ?? typeOf(cause)
}

/** What KafkaJS throws, as a plain Error, for a node whose connection another request has just given up. */
const notConnected = 'Broker not connected'

export const isConnectionError = (error: unknown): boolean =>
  error instanceof Error &&
  (unreachableNames.test(error.name) || error.message === notConnected || isConnectionError(error.cause))

/** Errors by which the broker says "not yet" or "not here": nothing was done, and asking again is right. */
const notYet = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'NOT_ENOUGH_REPLICAS',
  'OFFSET_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'REPLICA_NOT_AVAILABLE',
  // Its disk is full or broken: it halts, and others lead, or it comes back when there is space.
  'KAFKA_STORAGE_ERROR',
])
export const isNotYet = (error: unknown): boolean => notYet.has(typeOf(error) ?? '')

/** Errors after which the known leader or coordinator is no longer to be trusted. */
export const isMoved = (error: unknown): boolean =>
  isConnectionError(error) || (isNotYet(error) && typeOf(error) !== 'CONCURRENT_TRANSACTIONS')

/** Any error of the client as one of the port's, with a sentence that starts with what was being done. */
export const brokerError = (doing: string, error: unknown, otherwise: BrokerErrorCode = 'unreachable'): BrokerError => {
  if (error instanceof BrokerError) return error
  const cause = error instanceof Error ? error : new Error(String(error))
  const refusal = refused(doing, cause)
  if (refusal) return refusal
  const code = isConnectionError(error) ? 'unreachable' : (codes[typeOf(error) ?? ''] ?? otherwise)
  return new BrokerError(code, `${doing}: ${cause.message}`, { cause })
}
