import { BrokerError } from '../broker.ts'
import { apiKeys, type BrokerNode, requests } from './internals.ts'

/** What the adapter asks of a broker, by the protocol's names. */
const used = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'GroupCoordinator',
  'JoinGroup',
  'Heartbeat',
  'LeaveGroup',
  'SyncGroup',
  'DescribeGroups',
  'CreateTopics',
  'DeleteRecords',
  'InitProducerId',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'EndTxn',
  'TxnOffsetCommit',
  'DescribeConfigs',
  'CreatePartitions',
] as const

/** The answer of a fetch is read in one version only. */
const only: Readonly<Record<string, number>> = { Fetch: 11 }

/**
 * KafkaJS takes the lower of its own and the broker's highest version and ignores the broker's lowest: a version that
 * a broker has dropped would show only when it is first used.
 */
export const checkVersions = ({ brokerAddress, versions }: Pick<BrokerNode, 'brokerAddress' | 'versions'>): void => {
  for (const api of used) {
    const broker = versions?.[apiKeys[api]!]
    const highest = Math.max(...requests[api]!.versions.map(Number))
    const wanted = only[api] ?? highest
    if (broker && broker.minVersion <= wanted && (only[api] === undefined || broker.maxVersion >= wanted)) continue
    const speaks = broker ? `versions ${broker.minVersion} to ${broker.maxVersion}` : 'no version'
    throw new BrokerError(
      'unsupported_broker',
      `The broker at ${brokerAddress} speaks ${speaks} of ${api}, and Penstock needs version ${wanted}. Use Apache Kafka 4.0 or later, up to 4.3 as tested.`,
    )
  }
}
