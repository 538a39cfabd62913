import type { EntityManager } from '@mikro-orm/postgresql'
import type { BrokerRecord, LaneBatch } from '../kafka/broker.ts'
import { messageOf } from '../runtime/errors.ts'
import type { RecordOf, Topic } from '../schemas/topics.ts'
import { FollowedRow, LaneRow } from './entities.ts'
import type { Tenure } from './tenure.ts'

/**
 * Where to go on in each lane of a topic: what was saved, or the first record that is kept. What retention has deleted
 * before it was read is said, once, with its range.
 */
export const positions = async (tenure: Tenure, topic: Topic): Promise<ReadonlyMap<number, number>> => {
  const saved = await tenure.transaction(tx => tx.find(FollowedRow, { topic: topic.name }))
  const rows = await tenure.transaction(tx => tx.find(LaneRow, {}, { orderBy: { lane: 'asc' } }))
  const lanes = topic.kind === 'lanes' ? rows.map(({ lane }) => lane) : [0]
  const found = new Map<number, number>()
  for (const lane of lanes) {
    const next = saved.find(row => row.lane === lane)?.next
    const { start } = await tenure.broker.range(topic.name, lane)
    // What expires by itself may be gone; a hole in the progress is told by the broker and must not be jumped over.
    if (topic.retentionMs >= 0 && (next ?? 0) < start)
      await tellExpired(tenure, topic, lane, { from: next ?? 0, to: start })
    found.set(lane, next === undefined || topic.retentionMs >= 0 ? Math.max(next ?? 0, start) : next)
  }
  return found
}

const tellExpired = async (
  { log, transaction }: Tenure,
  { name: topic }: Topic,
  lane: number,
  { from, to }: { readonly from: number; readonly to: number },
) => {
  log.error(
    { topic, lane, from, to, code: 'expired' },
    `Records ${from} to ${to - 1} of partition ${lane} of ${topic} were deleted by its retention before the coordinator read them.`,
  )
  await transaction(tx => savePosition(tx, { name: topic }, { lane, next: to }))
}

/** Where to go on after this batch, saved with what follows from it. */
export const savePosition = (
  tx: EntityManager,
  { name: topic }: Pick<Topic, 'name'>,
  { lane, next }: Pick<LaneBatch, 'lane' | 'next'>,
) => tx.upsert(FollowedRow, { topic, lane, next })

export interface Decoded<T extends Topic> {
  readonly record: BrokerRecord
  readonly value: RecordOf<T>
}

/** What nobody can read is said and left out: were it progress, the gap it leaves fails its job, and no other. */
export const decoded = <T extends Topic>(
  { codec, log }: Tenure,
  topic: T,
  records: readonly BrokerRecord[],
): Decoded<T>[] =>
  records.flatMap(record => {
    try {
      return { record, value: codec.decode(topic, record.value) }
    } catch (error) {
      log.error({ topic: topic.name, offset: record.offset, err: error }, `unreadable record: ${messageOf(error)}`)
      return []
    }
  })
