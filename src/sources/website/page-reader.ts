import { hash } from 'node:crypto'
import { Reject } from '../../runtime/errors.ts'
import type { Page } from '../fetching/answers.ts'
import { textOf } from '../fetching/charset.ts'
import { looksBinary, sniffed } from '../fetching/media-type.ts'
import { markdownIn } from '../markdown.ts'
import type { Parsers } from '../parsing/parsers.ts'
import { readPdf } from '../readers/pdf-file.ts'
import type { Parse } from '../readers/reader.ts'
import { normalUrl } from './normal-url.ts'

/** A page as it was read, before anything is decided about it. */
export interface ReadPage {
  readonly title: string
  readonly mediaType: string
  readonly text: string
  readonly offset?: number
  readonly metadata: Readonly<Record<string, string>>
  /** Hash of its text, white space aside: pages that have the same are the same. */
  readonly textHash: string
  /** What it leads to, as its addresses go; none where it asks that they are not followed. */
  readonly links: readonly string[]
  readonly canonical: string | null
  readonly noindex: boolean
}

export interface ReadOptions {
  readonly parsers: Parsers
  readonly asker: string
  readonly signal: AbortSignal
}

const html: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml'])
const pdf = 'application/pdf'
const markdown: ReadonlySet<string> = new Set(['text/markdown', 'text/x-markdown'])

/** Media types that can be read, as far as their name says. */
export const isReadable = (type: string): boolean =>
  html.has(type) || markdown.has(type) || [pdf, 'text/plain', 'application/octet-stream'].includes(type)

/** Throws a Reject for a page that is none, with the type it has instead. */
export const readPage = async (page: Page, options: ReadOptions): Promise<ReadPage> => {
  const type = typeOf(page)
  const tags = page.robotsTag.split(/[,\s:]+/)
  const noindex = tags.includes('noindex') || tags.includes('none')
  const nofollow = tags.includes('nofollow') || tags.includes('none')
  const { href } = page.url
  const parse: Parse = (parser, input) => options.parsers.parse(parser, input, { ...options, of: href })
  if (type === pdf) {
    const found = await readPdf({ bytes: page.bytes, path: href }, parse)
    return { ...found, textHash: hashOf(found.text), links: [], canonical: null, noindex }
  }
  const text = textOf(page.bytes, page.charset)
  if (text === null) throw new Reject('bad_encoding', `${href} is written in ${page.charset}, which is read no more.`)
  if (html.has(type)) return readHtml(page.url, text, { noindex, nofollow }, options)
  const found = markdown.has(type)
    ? await markdownIn(text, parse)
    : { title: '', mediaType: 'text/plain', text, metadata: {} }
  return { ...found, textHash: hashOf(found.text), links: [], canonical: null, noindex }
}

const readHtml = async (
  url: URL,
  text: string,
  header: { readonly noindex: boolean; readonly nofollow: boolean },
  { parsers, ...order }: ReadOptions,
): Promise<ReadPage> => {
  const read = await parsers.parse('html', { html: text, url: url.href }, { ...order, of: url.href })
  const links = header.nofollow || read.nofollow ? [] : read.links.filter(link => !link.nofollow)
  return {
    title: read.title,
    mediaType: 'text/markdown',
    text: read.markdown,
    metadata: { ...read.metadata, ...(read.language === null ? {} : { language: read.language }) },
    textHash: hashOf(read.markdown),
    links: [...new Set(links.flatMap(({ href }) => normalUrl(href)?.href ?? []))],
    canonical: read.canonical === null ? null : (normalUrl(read.canonical)?.href ?? null),
    noindex: header.noindex || read.noindex,
  }
}

const typeOf = ({ bytes, type, url }: Page): string => {
  const seen = sniffed(bytes)
  const said = type === '' || type === 'application/octet-stream' ? (seen ?? 'text/plain') : type
  if (seen === pdf || said === pdf) return pdf
  const wrong = seen !== null && !html.has(seen) ? seen : looksBinary(bytes) ? 'application/octet-stream' : null
  if (wrong !== null || !isReadable(said))
    throw new Reject('unsupported_type', `${url.href} is ${wrong ?? said}, which is not read.`)
  return said === 'text/plain' && /\.(?:md|markdown)$/i.test(url.pathname) ? 'text/markdown' : said
}

const hashOf = (text: string): string => hash('sha256', text.replace(/\s+/g, ' ').trim())
