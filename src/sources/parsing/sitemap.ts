import { gunzipSync } from 'node:zlib'
import { SaxesParser } from 'saxes'
import { codeOf, messageOf, Reject } from '../../runtime/errors.ts'

/** What a sitemap names, as it stands there: pages, and other sitemaps. */
export interface Sitemap {
  readonly pages: readonly string[]
  readonly sitemaps: readonly string[]
}

/** By the protocol, of one sitemap. */
const mostUrls = 50_000
const mostBytes = 50 * 1024 * 1024
const longest = 2048

/**
 * Reads a sitemap, an index of them, or a text with an address a line, gzipped or not; what is past the bounds of the
 * protocol is left out. Throws a Reject `bad_sitemap`.
 */
export const parseSitemap = (bytes: Uint8Array): Sitemap => {
  const text = new TextDecoder().decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? unzipped(bytes) : bytes)
  if (text.trimStart().startsWith('<')) return fromXml(text)
  const lines = text.split(/\r?\n/).map(line => line.trim())
  return {
    pages: lines.filter(line => /^https?:\/\//i.test(line) && line.length <= longest).slice(0, mostUrls),
    sitemaps: [],
  }
}

const unzipped = (bytes: Uint8Array): Buffer => {
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes })
  } catch (cause) {
    const why = codeOf(cause) === 'ERR_BUFFER_TOO_LARGE' ? `it has more than ${mostBytes} bytes` : messageOf(cause)
    throw new Reject('bad_sitemap', `the sitemap cannot be unzipped: ${why}`, { cause })
  }
}

const fromXml = (text: string): Sitemap => {
  const found: { pages: string[]; sitemaps: string[] } = { pages: [], sitemaps: [] }
  const path: string[] = []
  let words = ''
  const parser = new SaxesParser({ xmlns: false })
  parser.on('error', cause => {
    throw new Reject('bad_sitemap', `the sitemap is not valid XML: ${cause.message}`, { cause })
  })
  parser.on('opentag', ({ name }) => {
    path.push(local(name))
    words = ''
  })
  parser.on('text', piece => {
    if (words.length <= longest) words += piece
  })
  parser.on('cdata', piece => {
    if (words.length <= longest) words += piece
  })
  parser.on('closetag', () => {
    const list = { 'url/loc': found.pages, 'sitemap/loc': found.sitemaps }[path.slice(-2).join('/')]
    if (list && list.length < mostUrls && words.length <= longest) list.push(words.trim())
    path.pop()
  })
  parser.write(text).close()
  return found
}

const local = (name: string) => name.slice(name.indexOf(':') + 1).toLowerCase()
