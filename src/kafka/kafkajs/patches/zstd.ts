import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { compressionCodecs } from '../internals.ts'

const zstd = 4

/** KafkaJS has no zstd of its own, and the native packages for it do not build on current Node; Node has it. */
export const registerZstd = (): void => {
  const codec = {
    compress: (encoder: { readonly buffer: Buffer }) => promisify(zstdCompress)(encoder.buffer),
    decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
  }
  compressionCodecs[zstd] = () => codec
}
