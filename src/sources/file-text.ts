import { isUtf8 } from 'node:buffer'

/** Why bytes are no text. */
export interface NotText {
  readonly code: 'binary_content' | 'invalid_utf8' | 'invalid_utf16' | 'empty_document'
  readonly message: string
}

export const isNotText = (one: string | NotText): one is NotText => typeof one !== 'string'

/**
 * The text of a file: UTF-8, or UTF-16 that says so with a byte order mark; the mark itself is left out. A file of
 * nothing but white space is `empty_document`: there would be nothing to find.
 */
export const textOf = (bytes: Buffer, path: string): string | NotText => {
  const text = isUtf16(bytes) ? fromUtf16(bytes, path) : fromUtf8(bytes, path)
  if (isNotText(text)) return text
  if (text.includes('\0') || looksBinary(text))
    return { code: 'binary_content', message: `${path} holds binary content, not text.` }
  if (text.trim() === '') return { code: 'empty_document', message: `${path} is empty: there is no text to index.` }
  return text
}

const isUtf16 = (bytes: Buffer) =>
  bytes.length >= 2 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))

const fromUtf16 = (bytes: Buffer, path: string): string | NotText => {
  const encoding = bytes[0] === 0xff ? 'utf-16le' : 'utf-16be'
  const text = new TextDecoder(encoding).decode(bytes)
  return bytes.length % 2 === 0 && text.isWellFormed() && !text.includes('\uFFFD')
    ? text
    : {
        code: 'invalid_utf16',
        message: `${path} begins like ${encoding.toUpperCase()} but is not valid. Save it as UTF-8.`,
      }
}

const fromUtf8 = (bytes: Buffer, path: string): string | NotText => {
  if (isUtf8(bytes)) return bytes.toString('utf8', bytes.subarray(0, 3).equals(utf8Mark) ? 3 : 0)
  if (bytes.includes(0) || looksBinary(bytes.toString('latin1', 0, sampled)))
    return { code: 'binary_content', message: `${path} holds binary content, not text.` }
  const at = firstInvalid(bytes)
  const byte = bytes[at]!.toString(16).padStart(2, '0')
  return { code: 'invalid_utf8', message: `${path} is not valid UTF-8 at byte ${at} (0x${byte}). Save it as UTF-8.` }
}

const utf8Mark = Buffer.from([0xef, 0xbb, 0xbf])

/** Offset of the first byte that does not belong to a character. */
const firstInvalid = (bytes: Buffer): number => {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    const width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (width > 1 && !isUtf8(bytes.subarray(at, at + width))) return at
    at += width
  }
  return bytes.length
}

const sampled = 64 * 1024

/** More than one control character in twenty, white space and escape not counted. */
const looksBinary = (text: string): boolean => {
  const sample = text.slice(0, sampled)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const controls = sample.match(/[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/g)?.length ?? 0
  return controls * 20 > sample.length
}
