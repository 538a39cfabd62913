/** The bytes that a number takes as a varint of Kafka's record format v2: zigzag, seven bits a byte (apache/kafka ByteUtils). */
export const sizeOfVarint = (value: number): number => {
  let left = ((value << 1) ^ (value >> 31)) >>> 0
  let bytes = 1
  for (; left > 0x7f; left >>>= 7) bytes++
  return bytes
}

/** Writes Kafka's primitive types, one after the other, into a buffer that is large enough. */
export class ByteWriter {
  readonly bytes: Buffer
  at = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  int8(value: number): void {
    this.at = this.bytes.writeInt8(value, this.at)
  }

  int16(value: number): void {
    this.at = this.bytes.writeInt16BE(value, this.at)
  }

  int32(value: number): void {
    this.at = this.bytes.writeInt32BE(value, this.at)
  }

  int64(value: bigint): void {
    this.at = this.bytes.writeBigInt64BE(value, this.at)
  }

  varint(value: number): void {
    let left = ((value << 1) ^ (value >> 31)) >>> 0
    for (; left > 0x7f; left >>>= 7) this.bytes[this.at++] = (left & 0x7f) | 0x80
    this.bytes[this.at++] = left
  }

  /** Its length in bytes first, as int16. */
  string(value: string): void {
    const length = this.bytes.write(value, this.at + 2)
    this.int16(length)
    this.at += length
  }

  /** Its length in bytes first, as a varint, which the caller knows. */
  text(value: string, length: number): void {
    this.varint(length)
    this.at += this.bytes.write(value, this.at)
  }

  /** Its length first, as a varint. */
  buffer(value: Buffer): void {
    this.varint(value.length)
    this.at += value.copy(this.bytes, this.at)
  }

  /** As many bytes once more that were written at `from`. */
  again(from: number, count: number): void {
    this.bytes.copyWithin(this.at, from, from + count)
    this.at += count
  }
}
