import type { OutgoingRecord } from '../broker.ts'
import { type ByteWriter, sizeOfVarint } from './byte-writer.ts'
import { crc32c } from './internals.ts'

/** Headers with the lengths of their texts in bytes, each measured once. */
interface SizedHeaders {
  readonly list: readonly {
    readonly name: string
    readonly nameBytes: number
    readonly value: string
    readonly valueBytes: number
  }[]
  /** With their count. */
  readonly bytes: number
}

/** A record with the lengths of its parts in bytes. */
interface Sized {
  readonly record: OutgoingRecord
  readonly key: number
  /** Those of the record before are the same object where the record has its headers. */
  readonly headers: SizedHeaders
  /** What follows its own length. */
  readonly body: number
}

const batchHeaderBytes = 61
/** Of a batch, what goes before the length it states, and before what its checksum is of. */
const lengthEnd = 12
const checksumAt = 17
const magic = 2
const transactional = 0x10
const noLeaderEpoch = 0
/** Attributes of a record and its timestamp's distance to the first of its batch, all made at once: a byte each. */
const fixedBytes = 2

const sizedHeaders = (headers: NonNullable<OutgoingRecord['headers']>): SizedHeaders => {
  const list = Object.entries(headers).map(([name, value]) => ({
    name,
    nameBytes: Buffer.byteLength(name),
    value,
    valueBytes: Buffer.byteLength(value),
  }))
  let bytes = sizeOfVarint(list.length)
  for (const { nameBytes, valueBytes } of list)
    bytes += sizeOfVarint(nameBytes) + nameBytes + sizeOfVarint(valueBytes) + valueBytes
  return { list, bytes }
}

const noHeaders = sizedHeaders({})

const sizedOf = (record: OutgoingRecord, index: number, before: Sized | undefined): Sized => {
  const key = Buffer.byteLength(record.key)
  let headers = noHeaders
  if (record.headers)
    headers = record.headers === before?.record.headers ? before.headers : sizedHeaders(record.headers)
  const { length } = record.value
  const body =
    fixedBytes + sizeOfVarint(index) + sizeOfVarint(key) + key + sizeOfVarint(length) + length + headers.bytes
  return { record, key, headers, body }
}

const writeHeaders = (to: ByteWriter, { list }: SizedHeaders): void => {
  to.varint(list.length)
  for (const { name, nameBytes, value, valueBytes } of list) {
    to.text(name, nameBytes)
    to.text(value, valueBytes)
  }
}

const writeRecords = (to: ByteWriter, records: readonly Sized[]): void => {
  let written: SizedHeaders | undefined
  let writtenAt = 0
  for (const [index, { record, key, headers, body }] of records.entries()) {
    to.varint(body)
    to.int8(0)
    to.varint(0)
    to.varint(index)
    to.text(record.key, key)
    to.buffer(record.value)
    const start = to.at
    if (headers === written) to.again(writtenAt, headers.bytes)
    else writeHeaders(to, headers)
    written = headers
    writtenAt = start
  }
}

/** The records of a batch, measured, and the bytes that the batch takes. */
export interface SizedRecords {
  readonly records: readonly Sized[]
  readonly bytes: number
}

export const sizeRecords = (of: readonly OutgoingRecord[]): SizedRecords => {
  const records: Sized[] = []
  for (const [index, record] of of.entries()) records.push(sizedOf(record, index, records[index - 1]))
  return { records, bytes: records.reduce((sum, { body }) => sum + sizeOfVarint(body) + body, batchHeaderBytes) }
}

export interface TransactionalBatch extends SizedRecords {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly firstSequence: number
  /** The time of its records, in milliseconds. */
  readonly now: number
}

/** A batch of format v2 of a transaction, not compressed, as apache/kafka DefaultRecordBatch lays it out. */
export const writeBatch = (to: ByteWriter, batch: TransactionalBatch): void => {
  const { records, bytes, producerId, producerEpoch, firstSequence, now } = batch
  const start = to.at
  to.int64(0n)
  to.int32(bytes - lengthEnd)
  to.int32(noLeaderEpoch)
  to.int8(magic)
  to.at += 4
  to.int16(transactional)
  to.int32(records.length - 1)
  to.int64(BigInt(now))
  to.int64(BigInt(now))
  to.int64(producerId)
  to.int16(producerEpoch)
  to.int32(firstSequence)
  to.int32(records.length)
  writeRecords(to, records)
  to.bytes.writeUInt32BE(crc32c(to.bytes.subarray(start + checksumAt + 4, start + bytes)), start + checksumAt)
}
