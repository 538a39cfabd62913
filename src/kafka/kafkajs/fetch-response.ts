import type {} from './internals.ts'
import type { ProtocolResponse } from './protocol.ts'
import type { AbortedTransaction } from './record-batches.ts'

/** What a fetch brought of one lane. */
export interface FetchedLane {
  readonly lane: number
  /** Kafka's error code; 0 is none. */
  readonly errorCode: number
  readonly aborted: readonly AbortedTransaction[]
  readonly bytes: Buffer
}

export interface FetchResponse {
  readonly errorCode: number
  readonly lanes: readonly FetchedLane[]
  readonly clientSideThrottleTime: number
}

class Cursor {
  at = 0
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
  int16(): number {
    this.at += 2
    return this.bytes.readInt16BE(this.at - 2)
  }
  int32(): number {
    this.at += 4
    return this.bytes.readInt32BE(this.at - 4)
  }
  int64(): bigint {
    this.at += 8
    return this.bytes.readBigInt64BE(this.at - 8)
  }
  block(length: number): Buffer {
    const start = this.at
    this.at += Math.max(0, length)
    return this.bytes.subarray(start, this.at)
  }
}

const readLane = (cursor: Cursor): FetchedLane => {
  const lane = cursor.int32()
  const errorCode = cursor.int16()
  cursor.block(24) // high watermark, last stable offset, log start offset
  const aborted: AbortedTransaction[] = []
  for (let left = cursor.int32(); left > 0; left--)
    aborted.push({ producerId: cursor.int64(), firstOffset: Number(cursor.int64()) })
  cursor.block(4) // preferred read replica
  return { lane, errorCode, aborted, bytes: cursor.block(cursor.int32()) }
}

/** Fetch response, version 11, for a request on one topic. */
export const readFetchResponse = (payload: Buffer): FetchResponse => {
  const cursor = new Cursor(payload)
  const clientSideThrottleTime = cursor.int32()
  const errorCode = cursor.int16()
  cursor.block(4) // session
  const lanes: FetchedLane[] = []
  for (let topics = cursor.int32(); topics > 0; topics--) {
    cursor.block(cursor.int16())
    for (let partitions = cursor.int32(); partitions > 0; partitions--) lanes.push(readLane(cursor))
  }
  return { errorCode, lanes, clientSideThrottleTime }
}

/**
 * Takes the place of KafkaJS's decoder, which forgets the bounds of batches (a position could not pass one that
 * compaction emptied) and makes a dozen objects a record. Errors of single lanes are left to the caller.
 */
export const fetchResponse: ProtocolResponse = {
  decode: async payload => readFetchResponse(payload),
  parse: async decoded => decoded,
}
