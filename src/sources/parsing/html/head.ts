import type { Element, Root } from 'hast'
import { addressOf, withoutFragment } from './links.ts'
import { attribute, elementsOf, firstOf, lineOf, relOf } from './tree.ts'

/** What a page says of itself. */
export interface Head {
  /** `title`, else what it is to be called elsewhere, else its first `h1`; empty where it has none. */
  readonly title: string
  /** A language tag as BCP 47 writes them, or null. */
  readonly language: string | null
  /** The page's address as it wants it, in full; null where it says none, or not of http. */
  readonly canonical: string | null
  readonly noindex: boolean
  readonly nofollow: boolean
  /** description, author, published, modified, keywords, site: those that it has. */
  readonly metadata: Readonly<Record<string, string>>
}

const longest = 1024

/** By what names pages say it, the best first. */
const named = {
  description: ['description', 'og:description', 'dc.description', 'dcterms.description'],
  author: ['author', 'article:author', 'dc.creator', 'dcterms.creator'],
  published: ['article:published_time', 'dc.date', 'dcterms.date', 'dcterms.created', 'date', 'pubdate'],
  modified: ['article:modified_time', 'dcterms.modified', 'last-modified'],
  keywords: ['keywords', 'dc.subject', 'dcterms.subject'],
  site: ['og:site_name', 'application-name'],
} as const

export const headOf = (root: Root, base: string | null): Head => {
  const elements = [...elementsOf(root)]
  const said = sayingsOf(elements)
  const robots = (said.get('robots') ?? '').toLowerCase().split(/[\s,]+/)
  const none = robots.includes('none')
  return {
    title: titleOf(root, elements, said),
    language: languageOf(elements, said),
    canonical: canonicalOf(elements, base),
    noindex: none || robots.includes('noindex'),
    nofollow: none || robots.includes('nofollow'),
    metadata: metadataOf(said),
  }
}

/** What the `meta` elements say, by their names in small letters; the first of a name counts. */
const sayingsOf = (elements: readonly Element[]): ReadonlyMap<string, string> => {
  const said = new Map<string, string>()
  for (const element of elements) {
    if (element.tagName !== 'meta') continue
    const name = attribute(element, 'name') ?? attribute(element, 'property') ?? attribute(element, 'httpEquiv')
    const content = cleaned(attribute(element, 'content') ?? '')
    const key = name?.toLowerCase()
    if (key && content !== '' && !said.has(key)) said.set(key, content)
  }
  return said
}

const titleOf = (root: Root, elements: readonly Element[], said: ReadonlyMap<string, string>): string => {
  const own = firstOf(root, ({ tagName }) => tagName === 'head')
  const title = own && firstOf(own, ({ tagName }) => tagName === 'title')
  const heading = elements.find(({ tagName }) => tagName === 'h1')
  const titles = [title && lineOf(title), said.get('og:title'), heading && lineOf(heading)]
  return cleaned(titles.find(one => one) ?? '')
}

const languageOf = (elements: readonly Element[], said: ReadonlyMap<string, string>): string | null => {
  const html = elements.find(({ tagName }) => tagName === 'html')
  const stated = (html && (attribute(html, 'lang') ?? attribute(html, 'xmlLang'))) || said.get('content-language')
  const tag = (stated || '').replace(/,.*/s, '').trim().replaceAll('_', '-')
  return /^[a-z]{2,3}(?:-[a-z0-9]{1,8})*$/i.test(tag) ? tag : null
}

const canonicalOf = (elements: readonly Element[], base: string | null): string | null => {
  const link = elements.find(one => one.tagName === 'link' && relOf(one).includes('canonical'))
  return link ? withoutFragment(addressOf(attribute(link, 'href'), base)) : null
}

const metadataOf = (said: ReadonlyMap<string, string>): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {}
  for (const [key, names] of Object.entries(named)) {
    const name = names.find(one => said.has(one))
    if (name !== undefined) found[key] = said.get(name)!
  }
  return found
}

const cleaned = (text: string): string =>
  text
    .replaceAll('\0', '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, longest)
    .replace(/[\uD800-\uDBFF]$/, '')
