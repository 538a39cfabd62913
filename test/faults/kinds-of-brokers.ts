import { type Admin, Kafka, logLevel } from 'kafkajs'
import { transactionalId } from '../../src/schemas/names.ts'
import { vectors } from '../../src/schemas/topics.ts'
import type { KafkaNode } from '../kit/kafka-cluster.ts'
import { until } from '../kit/until.ts'
import type { Kind, Target } from './kind.ts'
import type { Rig } from './rig.ts'

/** Kafka's own topics have four partitions here. */
const ownPartitions = 4

/** By which Kafka finds the partition of a group or a transactional id (Java's hash of a string). */
const partitionOf = (id: string) => {
  let hash = 0
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0
  return (hash & 0x7fffffff) % ownPartitions
}

const asking = async <T>({ kafka }: Rig, ask: (admin: Admin) => Promise<T>): Promise<T> => {
  const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  return ask(admin).finally(() => admin.disconnect())
}

const leaderOf = async (rig: Rig, topic: string, partition: number): Promise<KafkaNode> => {
  const { topics } = await asking(rig, admin => admin.fetchTopicMetadata({ topics: [topic] }))
  const { leader } = topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!
  return rig.nodes.find(({ id }) => id === leader)!
}

/** Every copy of every partition is complete, as whoever ends one broker after another waits for. */
const complete = (rig: Rig) =>
  until(
    'all copies are complete',
    () =>
      asking(rig, async admin => {
        const { topics } = await admin.fetchTopicMetadata()
        return topics.every(({ partitions }) => partitions.every(({ replicas, isr }) => isr.length === replicas.length))
      }).catch(() => false),
    120_000,
  )

/** The broker that something depends on is killed; it comes back when work goes on without it. */
const killOf = (what: string, threatens: string, find: (rig: Rig, lane: number) => Promise<KafkaNode>): Kind => ({
  name: `kill of the broker that ${what}`,
  rows: [24],
  setting: 'three brokers',
  threatens,
  takesMs: 30_000,
  async strike(rig, target) {
    const node = await find(rig, await laneOf(rig, target))
    await node.end('kill')
    const killed = performance.now()
    const { ledger } = rig.penstock
    try {
      // What was on its way when it was killed is still read a moment later.
      const { at } = await until(
        'work goes on without it',
        () => ledger.of(target.job).find(slice => slice.at > killed + 1_000),
        60_000,
      )
      target.tell({ note: `work went on ${((at - killed) / 1000).toFixed(1)} s after the kill, without it` })
    } finally {
      await node.revive()
      await complete(rig)
    }
  },
})

/** One that the job has. */
const laneOf = async (rig: Rig, { job }: Target) => {
  rig.provider.latencyMs = 600
  return (await until('a slice of CHUNKING', () => rig.penstock.ledger.of(job, 'chunking')[0], 30_000)).lane
}

export const brokerKinds: readonly Kind[] = [
  {
    name: 'every broker ended and started again, one after another',
    rows: [23],
    setting: 'three brokers',
    threatens: 'who leads a lane is taken for who led it',
    takesMs: 60_000,
    async strike(rig, target) {
      await laneOf(rig, target)
      const begun = performance.now()
      for (const node of rig.nodes) {
        await node.end('clean')
        await node.revive()
        await complete(rig)
      }
      target.tell({ note: `${((performance.now() - begun) / 3000).toFixed(1)} s a broker` })
    },
  },
  killOf('leads a lane', 'what it had not passed on is lost', (rig, lane) => leaderOf(rig, vectors.name, lane)),
  killOf('keeps the transactions of a lane', 'a commit is half done', (rig, lane) =>
    leaderOf(rig, '__transaction_state', partitionOf(transactionalId('embedding', lane))),
  ),
  killOf('keeps the offsets of a group', 'a slice is worked from where it began before', rig =>
    leaderOf(rig, '__consumer_offsets', partitionOf('embedding')),
  ),
]
