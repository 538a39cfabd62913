import { isAscii, isUtf8 } from 'node:buffer'
import type { TableMapping } from '../specs/mapping.ts'

export type Encoding = NonNullable<TableMapping['encoding']>

/**
 * How the bytes of a file become text whose places are places in the file: a code unit for each byte, or for each two of
 * UTF-16. What stands for other characters than ASCII is read cell by cell, by `cell`.
 */
export interface Transcoder {
  /** Bytes of a code unit. */
  readonly width: 1 | 2
  /** Bytes of the byte order mark at the start of the file. */
  readonly mark: number
  text(bytes: Buffer): { readonly text: string; readonly plain: boolean }
  /** The text of a cell; undefined where its bytes are none in the encoding. Not needed where the text was `plain`. */
  cell(raw: string): string | undefined
}

/** By the first bytes of the file: a mark of UTF-16 says more than the mapping. */
export const transcoderOf = (encoding: Encoding | undefined, head: Buffer): Transcoder => {
  const marked =
    head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : null
  const chosen = marked ?? encoding ?? 'utf-8'
  if (chosen === 'utf-16le' || chosen === 'utf-16be') return wide(chosen === 'utf-16be', marked === null ? 0 : 2)
  if (chosen === 'utf-8') return utf8(head.subarray(0, 3).equals(utf8Mark) ? 3 : 0)
  const decoder = new TextDecoder(chosen, { fatal: true })
  return { width: 1, mark: 0, text: bytewise, cell: raw => decoded(decoder, raw) }
}

const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf])

const bytewise = (bytes: Buffer) => ({ text: bytes.toString('latin1'), plain: isAscii(bytes) })

const utf8 = (mark: number): Transcoder => ({
  width: 1,
  mark,
  text: bytewise,
  cell: raw => {
    if (isPlain(raw)) return raw
    const bytes = Buffer.from(raw, 'latin1')
    return isUtf8(bytes) ? bytes.toString('utf8') : undefined
  },
})

const wide = (bigEndian: boolean, mark: number): Transcoder => ({
  width: 2,
  mark,
  text: bytes => {
    const whole = bytes.subarray(0, bytes.length & ~1)
    return { text: (bigEndian ? Buffer.from(whole).swap16() : whole).toString('utf16le'), plain: false }
  },
  cell: raw => (raw.isWellFormed() ? raw : undefined),
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const isPlain = (raw: string): boolean => /^[\x00-\x7f]*$/.test(raw)

const decoded = (decoder: InstanceType<typeof TextDecoder>, raw: string): string | undefined => {
  if (isPlain(raw)) return raw
  try {
    return decoder.decode(Buffer.from(raw, 'latin1'))
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
