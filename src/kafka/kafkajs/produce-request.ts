import type { OutgoingRecord } from '../broker.ts'
import { sizeRecords, writeBatch } from './batch-writer.ts'
import { ByteWriter } from './byte-writer.ts'

/** What a Produce request says, as KafkaJS takes it; `timeout` in milliseconds. */
export interface ProducePayload {
  readonly transactionalId: string
  readonly producerId: string
  readonly producerEpoch: number
  readonly acks: number
  readonly timeout: number
  readonly topicData: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly firstSequence: number
      readonly messages: readonly OutgoingRecord[]
    }[]
  }[]
}

/**
 * The body of a Produce request of the versions 3 to 8, its records in batches of format v2, uncompressed, with the
 * time `now` in milliseconds. As KafkaJS 2.2.4 encodes it, which takes half a kilobyte of zeroes for each record and each header.
 */
export const encodeProduce = (payload: ProducePayload, now: number): Buffer => {
  const { transactionalId, producerId, producerEpoch, acks, timeout, topicData } = payload
  const topics = topicData.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(each => ({ ...each, ...sizeRecords(each.messages) })),
  }))
  let size = 2 + Buffer.byteLength(transactionalId) + 2 + 4 + 4
  for (const { topic, partitions } of topics) {
    size += 2 + Buffer.byteLength(topic) + 4
    for (const { bytes } of partitions) size += 4 + 4 + bytes
  }
  const to = new ByteWriter(size)
  to.string(transactionalId)
  to.int16(acks)
  to.int32(timeout)
  to.int32(topics.length)
  for (const { topic, partitions } of topics) {
    to.string(topic)
    to.int32(partitions.length)
    for (const { partition, firstSequence, records, bytes } of partitions) {
      to.int32(partition)
      to.int32(bytes)
      writeBatch(to, { records, bytes, producerId: BigInt(producerId), producerEpoch, firstSequence, now })
    }
  }
  return to.bytes
}

/** The same, with the time that is now, where KafkaJS expects an encoder. */
export const produceBody = (payload: ProducePayload): { readonly buf: Buffer; readonly buffer: Buffer } => {
  const bytes = encodeProduce(payload, Date.now())
  return { buf: bytes, buffer: bytes }
}
