import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { BrokerError, type BrokerRecord } from '../broker.ts'

/** A transaction that was aborted: its records are those of the producer from `firstOffset` up to its abort marker. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

export interface Committed {
  readonly records: readonly BrokerRecord[]
  /** The offset after the last whole batch, markers and aborted records included. */
  readonly next: number
}

const magicOffset = 16
const headerBytes = 61
const lengthEnd = 12
const transactionalFlag = 0x10
const controlFlag = 0x20
const logAppendTimeFlag = 0x08
const compressionMask = 0x07
const abortMarker = 0

const decompress = (attributes: number, bytes: Buffer): Buffer => {
  const codec = attributes & compressionMask
  if (codec === 0) return bytes
  if (codec === 1) return gunzipSync(bytes)
  if (codec === 4) return zstdDecompressSync(bytes)
  throw new BrokerError(
    'unsupported_broker',
    `A record batch is compressed with ${codec === 2 ? 'snappy' : 'lz4'}, which this reader does not know: write with zstd, gzip or none.`,
  )
}

/** A reader of the varints of Kafka's record format v2 (apache/kafka DefaultRecord). */
class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  skip(count: number): void {
    this.#at += count
  }

  varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Whether as many bytes at the cursor are those from `start` on. */
  repeats(start: number, length: number): boolean {
    return this.#bytes.compare(this.#bytes, start, start + length, this.#at, this.#at + length) === 0
  }
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})
const empty = Buffer.alloc(0)

const readHeaders = (cursor: Cursor): Readonly<Record<string, string>> => {
  const count = cursor.varint()
  if (count === 0) return noHeaders
  const headers: Record<string, string> = {}
  for (let i = 0; i < count; i++) {
    const key = cursor.bytes()!.toString()
    headers[key] = (cursor.bytes() ?? empty).toString()
  }
  return headers
}

/** Reads headers until the end of their record; equal ones in a row are one object, as many records of one document have. */
class HeaderReader {
  #start = 0
  #length = -1
  #headers = noHeaders

  read(cursor: Cursor, end: number): Readonly<Record<string, string>> {
    const { at } = cursor
    const length = end - at
    if (length === this.#length && cursor.repeats(this.#start, length)) cursor.skip(length)
    else this.#headers = readHeaders(cursor)
    this.#start = at
    this.#length = length
    return this.#headers
  }
}

const readRecords = (batch: Buffer, baseOffset: number, from: number, into: BrokerRecord[]): void => {
  const attributes = batch.readInt16BE(21)
  const firstTimestamp = Number(batch.readBigInt64BE(27))
  const maxTimestamp = Number(batch.readBigInt64BE(35))
  const count = batch.readInt32BE(57)
  const cursor = new Cursor(decompress(attributes, batch.subarray(headerBytes)))
  const headersOf = new HeaderReader()
  for (let i = 0; i < count; i++) {
    const length = cursor.varint()
    const end = cursor.at + length
    cursor.skip(1)
    const timestamp = firstTimestamp + cursor.varint()
    const offset = baseOffset + cursor.varint()
    const key = cursor.bytes()
    const value = cursor.bytes()
    const headers = headersOf.read(cursor, end)
    if (offset < from) continue
    into.push({
      offset,
      key: key ? key.toString() : '',
      value: value ?? empty,
      headers,
      timestamp: attributes & logAppendTimeFlag ? maxTimestamp : timestamp,
    })
  }
}

/**
 * The committed records at or after `from` in the bytes of a fetch, read up to the last stable offset.
 *
 * The broker lists aborted transactions by the time of their end; they are wanted by their first offset, and all that
 * start at or before a batch's end count. (KafkaJS 2.2.4 takes the list as it comes, one a record, and so delivers
 * aborted records where transactions overlap.) Batches emptied by compaction still move `next`.
 */
export const readCommitted = (bytes: Buffer, from: number, aborted: readonly AbortedTransaction[]): Committed => {
  const waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<bigint>()
  const records: BrokerRecord[] = []
  let next = from
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const end = at + lengthEnd + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    at = end
    if (batch[magicOffset] !== 2)
      throw new BrokerError('unsupported_broker', `Record format ${batch[magicOffset]} is not known: Kafka 4 writes 2.`)
    const baseOffset = Number(batch.readBigInt64BE(0))
    const lastOffset = baseOffset + batch.readInt32BE(23)
    const attributes = batch.readInt16BE(21)
    const producerId = batch.readBigInt64BE(43)
    while (waiting[0] && waiting[0].firstOffset <= lastOffset) aborting.add(waiting.shift()!.producerId)
    if (attributes & controlFlag) {
      if (isAbortMarker(batch)) aborting.delete(producerId)
    } else if (!(attributes & transactionalFlag && aborting.has(producerId))) {
      readRecords(batch, baseOffset, from, records)
    }
    next = Math.max(next, lastOffset + 1)
  }
  return { records, next }
}

/** A control record's key is two int16: version and type. A control batch that compaction emptied marks nothing. */
const isAbortMarker = (batch: Buffer): boolean => {
  if (batch.readInt32BE(57) === 0) return false
  const cursor = new Cursor(batch.subarray(headerBytes))
  cursor.varint()
  cursor.skip(1)
  cursor.varint()
  cursor.varint()
  return cursor.bytes()?.readInt16BE(2) === abortMarker
}
