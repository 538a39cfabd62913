import type { BrokerRecord } from '../kafka/broker.ts'

/** Where upstream records wait whose stream has no lane: a table of the database, so that nothing is dropped. */
export interface Parking {
  /**
   * Makes this caller the only one that parks records of a partition; to be called before it fences the partition in
   * Kafka, so that whoever has the newest claim reads a position that is final.
   */
  claim(partition: number): Promise<number>
  /**
   * Forgets what was parked from `position` on: it was never committed, and is read again. Throws where another has
   * claimed the partition since: what is parked there by now is committed elsewhere. Returns the knowledge bases of which
   * records are parked.
   */
  goOn(partition: number, fence: number, position: number): Promise<ReadonlySet<string>>
  /**
   * What is known of knowledge bases whose stream has no lane; one that exists and never had a stream gets it now.
   * Left out is a knowledge base that there is not.
   */
  ask(kbIds: readonly string[]): Promise<ReadonlyMap<string, Room>>
  /** All of them, or none where another has claimed the partition: then it throws. */
  park(partition: number, fence: number, records: readonly ParkedRecord[]): Promise<void>
  /** The oldest parked records of a knowledge base in a partition, some MiB at most. */
  oldest(partition: number, kbId: string): Promise<readonly BrokerRecord[]>
  /** Deletes those below `before`. */
  forget(partition: number, kbId: string, before: number): Promise<void>
  /** Remembers why a partition stands, for people; null when it goes on. */
  hold(partition: number, hold: Hold | null): Promise<void>
}

/** What may still be parked of a knowledge base. */
export interface Room {
  readonly records: number
  readonly bytes: number
}

export interface ParkedRecord {
  readonly kbId: string
  readonly record: BrokerRecord
}

export interface Hold {
  readonly kbId: string
  readonly message: string
}

/** What a record takes of the room. */
export const sizeOf = ({ key, value }: BrokerRecord): number => key.length + value.length
