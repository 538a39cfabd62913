import { randomUUID } from 'node:crypto'
import type { Broker, BrokerRecord, LaneBatch, Membership, OutgoingRecord } from '../../src/kafka/broker.ts'
import { until } from '../kit/until.ts'

export const unique = (name: string): string => `${name}.${randomUUID().slice(0, 8)}`

export const topicOf = async (broker: Broker, partitions = 4, compacted = false): Promise<string> => {
  const name = unique('topic')
  await broker.ensureTopics([{ name, partitions, compacted, retentionMs: -1 }])
  return name
}

export const record = (key: string, bytes = 10): OutgoingRecord => ({ key, value: Buffer.alloc(bytes, key) })
export const records = (from: number, count: number, bytes = 10): OutgoingRecord[] =>
  Array.from({ length: count }, (_, index) => record(String(from + index), bytes))
export const keys = (of: readonly BrokerRecord[]): string[] => of.map(({ key }) => key)

/** Writes records in one committed transaction of an id of its own. */
export const write = async (
  broker: Broker,
  topic: string,
  lane: number,
  of: readonly OutgoingRecord[],
): Promise<void> => {
  const transactor = await broker.fence(unique('writer'))
  const transaction = await transactor.begin()
  await transaction.send(topic, lane, of)
  await transaction.commit()
  await transactor.close()
}

/** Every committed record of a lane, read to its end. */
export const readAll = async (broker: Broker, topic: string, lane = 0): Promise<BrokerRecord[]> => {
  const read: BrokerRecord[] = []
  const { start } = await broker.range(topic, lane)
  const follower = await broker.follow({
    topic,
    from: new Map([[lane, start]]),
    records: batch => void read.push(...batch.records),
    failed: error => {
      throw error
    },
  })
  await follower.caughtUp()
  await follower.stop()
  return read
}

/** A member of a group that notes all it is told. */
export class Member {
  readonly batches: LaneBatch[] = []
  readonly failures: Error[] = []
  lanes: readonly number[] = []
  epoch = 0
  revocations = 0
  membership!: Membership
  onAssigned: (lanes: readonly number[]) => void = () => undefined
  onBatch: (batch: LaneBatch) => void = () => undefined

  static async join(broker: Broker, group: string, topic: string, settings: Partial<Member> = {}): Promise<Member> {
    const member = Object.assign(new Member(), settings)
    member.membership = await broker.join({
      group,
      topic,
      assigned: (lanes, epoch) => {
        member.lanes = lanes
        member.epoch = epoch
        member.onAssigned(lanes)
      },
      revoked: () => {
        member.lanes = []
        member.revocations++
      },
      records: batch => {
        member.batches.push(batch)
        member.onBatch(batch)
      },
      failed: error => void member.failures.push(error),
    })
    return member
  }

  /** Resolves when it owns just so many lanes. */
  async owns(count: number): Promise<void> {
    await until(`a member owns ${count} lanes`, () => this.lanes.length === count, 20_000)
  }

  read(lane: number, from = 0): void {
    this.membership.seek(lane, from)
    this.membership.resume([lane])
  }

  keys(lane: number): string[] {
    return this.batches.filter(batch => batch.lane === lane).flatMap(batch => keys(batch.records))
  }
}
