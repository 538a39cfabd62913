import type { IncomingMessage } from 'node:http'
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import { failed } from './failure.ts'

/** What is asked for, and can be undone. */
export const acceptedEncodings = 'gzip, deflate, br, zstd'

/** Encodings laid over one another; more of them are an attack. */
const mostEncodings = 2

export interface BodyLimits {
  /** Both as sent and as decompressed. */
  readonly maxBytes: number
  /** A body past the limit is cut there, not refused. */
  readonly cut?: boolean
}

/**
 * The whole body of an answer, decompressed; counted as it comes, on both sides, so that a bomb ends at the limit.
 * `heard` is called with each piece that arrives. Throws Failed.
 */
export const bodyOf = async (
  response: IncomingMessage,
  url: URL,
  { maxBytes, cut = false }: BodyLimits,
  heard: () => void,
): Promise<Buffer> => {
  const tooLarge = () =>
    failed('too_large', `${url.href} has more than ${maxBytes} bytes. An operator can raise PENSTOCK_FETCH_MAX_BYTES.`)
  if (!cut && Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const pieces: Buffer[] = []
  let size = 0
  let wire = 0
  const enough = new Error('The body has been read as far as it is wanted.')
  const count = new Transform({
    transform(piece: Buffer, _, done) {
      heard()
      wire += piece.length
      done(wire > maxBytes && !cut ? tooLarge() : null, piece)
    },
  })
  const keep = new Writable({
    write(piece: Buffer, _, done) {
      pieces.push(piece)
      size += piece.length
      done(size <= maxBytes ? null : cut ? enough : tooLarge())
    },
  })
  try {
    await pipeline([response, count, ...(await decodersOf(response, url)), keep])
  } catch (error) {
    if (error !== enough) throw error
  }
  return Buffer.concat(pieces, Math.min(size, maxBytes))
}

const decodersOf = async (response: IncomingMessage, url: URL): Promise<readonly Transform[]> => {
  const names = (response.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '' && name !== 'identity')
  const unknown = names.find(name => !Object.hasOwn(decoders, name))
  if (unknown !== undefined || names.length > mostEncodings)
    throw failed('bad_encoding', `${url.href} came with the encoding ${names.join(', ')}, which was not asked for.`)
  const first = names.includes('deflate') ? await firstByteOf(response) : null
  return names.reverse().map(name => decoders[name]!(first))
}

/** `deflate` means zlib's format, but some servers send it without its header. */
const decoders: Readonly<Record<string, (first: number | null) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  deflate: first => (first === null || (first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
}

const firstByteOf = async (response: IncomingMessage): Promise<number | null> => {
  for (;;) {
    const piece: Buffer | null = response.read()
    if (piece !== null) {
      response.unshift(piece)
      return piece[0] ?? null
    }
    if (response.readableEnded || response.destroyed) return null
    await new Promise<void>((resolve, reject) => {
      response.once('readable', resolve).once('end', resolve).once('error', reject).once('close', resolve)
    })
  }
}
