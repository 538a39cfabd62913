import { headOf } from './html/head.ts'
import { baseOf, linksOf, type PageLink } from './html/links.ts'
import { mainTextOf } from './html/main-text.ts'
import { tidy } from './html/tidy.ts'
import { markdownOf } from './html/to-markdown.ts'
import { treeOf } from './html/tree.ts'

export interface HtmlInput {
  /** Decoded already. */
  readonly html: string
  /** Where it is from: what its links are relative to; null where they are to stay as they are written. */
  readonly url: string | null
}

/** What a page holds; what it says of itself is as it says it. */
export interface HtmlPage {
  readonly title: string
  readonly language: string | null
  /** Its main text; empty where it has none (a frame set, a page that a script fills), while its links still lead on. */
  readonly markdown: string
  /** In full and without fragments, http and https alone, each once, those of its menus included. */
  readonly links: readonly PageLink[]
  readonly canonical: string | null
  readonly noindex: boolean
  readonly nofollow: boolean
  readonly metadata: Readonly<Record<string, string>>
}

/** Reads a page. Throws a Reject `too_deep` for one that no browser would show as it is written. */
export const parseHtml = ({ html, url }: HtmlInput): HtmlPage => {
  const root = treeOf(html)
  const base = baseOf(root, url)
  const head = headOf(root, base)
  const links = linksOf(root, base)
  const text = mainTextOf(root)
  tidy(text)
  return { ...head, links, markdown: markdownOf(text, base) }
}
