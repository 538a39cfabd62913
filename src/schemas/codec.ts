import type { RecordOf, Topic } from './topics.ts'

/** Values to bytes and back, in the Confluent wire format. Synchronous: schemas are known after start. */
export interface Codec {
  /** Throws with the path of each bad field. */
  encode<T extends Topic>(topic: T, value: RecordOf<T>): Buffer
  /** Throws on bytes that no known schema of the topic wrote. */
  decode<T extends Topic>(topic: T, bytes: Buffer): RecordOf<T>
  /** Fetches the schemas that these values name and that are not known yet; returns at once when all are. */
  prepare(values: readonly Buffer[]): Promise<void>
}
