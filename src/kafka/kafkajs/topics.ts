import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { BrokerError, type TopicSpec } from '../broker.ts'

export const maxRecordBytes = 8 * 1024 * 1024
/** Deleting records frees whole segments only. */
const segmentBytes = 64 * 1024 * 1024
const usualReplicas = 3

const settingsOf = ({ compacted, retentionMs, fromUpstream }: TopicSpec, replicas: number) => [
  { name: 'cleanup.policy', value: compacted ? 'compact' : 'delete' },
  { name: 'retention.ms', value: String(retentionMs) },
  { name: 'max.message.bytes', value: String(maxRecordBytes) },
  { name: 'segment.bytes', value: String(segmentBytes) },
  // What is committed outlives the loss of any broker, and one of them may be away meanwhile.
  { name: 'min.insync.replicas', value: String(Math.max(1, replicas - 1)) },
  ...(fromUpstream ? [{ name: 'compression.type', value: 'zstd' }] : []),
]

/** Creates what is missing and adds partitions where there are fewer. Several processes may do so at once. */
export const ensureTopics = async (
  admin: Admin,
  topics: readonly TopicSpec[],
  replicationFactor?: number,
): Promise<void> => {
  const known = new Set(await admin.listTopics())
  const missing = topics.filter(({ name }) => !known.has(name))
  const { brokers } = await admin.describeCluster()
  const replicas = replicationFactor ?? Math.min(usualReplicas, brokers.length)
  if (missing.length > 0)
    await admin.createTopics({
      waitForLeaders: false,
      topics: missing.map(spec => ({
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor: replicas,
        configEntries: settingsOf(spec, replicas),
      })),
    })
  const present = topics.filter(({ name }) => known.has(name))
  if (present.length > 0) await grow(admin, present)
  await led(admin, topics)
}

const grow = async (admin: Admin, topics: readonly TopicSpec[]): Promise<void> => {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) })
  const counts = new Map(found.map(({ name, partitions }) => [name, partitions.length]))
  const growing = topics.filter(({ name, partitions }) => counts.get(name)! < partitions)
  if (growing.length === 0) return
  await admin.createPartitions({
    topicPartitions: growing.map(({ name, partitions }) => ({ topic: name, count: partitions })),
  })
}

/** How long a new partition may be without a leader that serves it. */
const leadersWithinMs = 30_000

/**
 * Waits until the leader of every partition answers for it. A broker confirms a new topic before it serves all of it;
 * transactions on such a partition would fail.
 */
const led = async (admin: Admin, topics: readonly TopicSpec[]): Promise<void> => {
  const until = performance.now() + leadersWithinMs
  for (const { name, partitions } of topics)
    for (;;) {
      try {
        if ((await admin.fetchTopicOffsets(name)).length >= partitions) break
        if (performance.now() > until) throw new Error(`Topic ${name} has fewer than ${partitions} partitions.`)
      } catch (error) {
        if (!isPassing(error) || performance.now() > until) throw error
      }
      await delay(50)
    }
}

/** KafkaJS says of its errors whether they may pass: unknown topic, no leader, not the leader. */
const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  (('retriable' in error && error.retriable === true) || (error.cause !== undefined && isPassing(error.cause)))

const brokerResource = 4
const never = 2147483647

/** Kafka forgets the offsets of a group that is away for `offsets.retention.minutes`: a stage scaled to zero would start over. */
export const checkOffsetRetention = async (admin: Admin): Promise<void> => {
  const { brokers } = await admin.describeCluster()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: brokerResource, name: String(brokers[0]!.nodeId), configNames: ['offsets.retention.minutes'] }],
  })
  const minutes = Number(resources[0]?.configEntries[0]?.configValue)
  if (minutes >= never) return
  throw new BrokerError(
    'unsupported_broker',
    `This Kafka forgets the offsets of a group that is away for ${minutes} minutes (offsets.retention.minutes), and a stage that was scaled to zero would start over. Set it to ${never} on the brokers, or allow offsets to expire in Penstock's settings.`,
  )
}
