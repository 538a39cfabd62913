import { isUtf8 } from 'node:buffer'
import sniffEncoding from 'html-encoding-sniffer'

/**
 * The text of an answer, by the rules of browsers: a byte order mark, else what the server says, else what a `meta` of
 * the page says; else UTF-8 where the bytes are that, and windows-1252. What is invalid becomes U+FFFD. Null for an
 * encoding that is read no more (ISO-2022-KR and the like, which browsers refuse too).
 */
export const textOf = (bytes: Buffer, charset: string | null): string | null => {
  const encoding = sniffEncoding(bytes, {
    ...(charset === null ? {} : { transportLayerEncodingLabel: charset }),
    defaultEncoding: isUtf8(bytes) ? 'UTF-8' : 'windows-1252',
  })
  if (encoding === 'replacement' || encoding === 'x-user-defined') return null
  return new TextDecoder(encoding).decode(bytes)
}
