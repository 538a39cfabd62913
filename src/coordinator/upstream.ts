import { intake } from '../schemas/names.ts'
import { upstreamDocuments } from '../schemas/topics.ts'
import { IntakePartitionRow } from './intake-entities.ts'
import type { Tenure } from './tenure.ts'

type Reading = Pick<Tenure, 'broker' | 'transaction' | 'upstreamPartitions'>

const topic = upstreamDocuments.name

/** How many partitions INTAKE has; the topic may have more than are set: those that were ever worked on are in the table. */
export const intakePartitions = async ({ transaction, upstreamPartitions }: Reading): Promise<number> => {
  const worked = await transaction(tx => tx.find(IntakePartitionRow, {}))
  return Math.max(upstreamPartitions, ...worked.map(({ partition }) => partition + 1))
}

/** Partition to where its next record will be. */
export const upstreamEnds = async (tenure: Reading): Promise<ReadonlyMap<number, number>> => {
  const ends = new Map<number, number>()
  const partitions = await intakePartitions(tenure)
  for (let partition = 0; partition < partitions; partition++)
    ends.set(partition, (await tenure.broker.range(topic, partition)).end)
  return ends
}

/** Says where INTAKE has not read what is below these ends; null where it has read all of it. */
export const unreadEvents = async (
  tenure: Reading,
  ends: ReadonlyMap<number, number>,
  signal: AbortSignal,
): Promise<string | null> => {
  for (const [partition, end] of ends)
    if (await isUnread(tenure, partition, end, signal))
      return `INTAKE, which has not read partition ${partition} of ${topic} up to ${end}`
  return null
}

const isUnread = async ({ broker }: Reading, partition: number, end: number, signal: AbortSignal): Promise<boolean> => {
  const { start } = await broker.range(topic, partition)
  const from = Math.max(start, (await broker.committed(intake, topic, partition)) ?? 0)
  if (from >= end) return false
  // What is left may be markers of transactions, which nobody commits a position behind.
  const { promise: found, resolve, reject } = Promise.withResolvers<boolean>()
  const leave = () => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  const follower = await broker.follow({
    topic,
    from: new Map([[partition, from]]),
    records: ({ records }) => {
      if (records.some(({ offset }) => offset < end)) resolve(true)
    },
    failed: reject,
  })
  try {
    return await Promise.race([found, follower.caughtUp().then(() => false)])
  } finally {
    signal.removeEventListener('abort', leave)
    await follower.stop()
  }
}
