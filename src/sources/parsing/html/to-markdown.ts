import type { Element, Parents as HtmlParents } from 'hast'
import { type Handle as HtmlHandle, type State as HtmlState, toMdast } from 'hast-util-to-mdast'
import { toText } from 'hast-util-to-text'
import type { Code, Emphasis, Link, PhrasingContent, Root, Strong, Text } from 'mdast'
import { gfmToMarkdown } from 'mdast-util-gfm'
import { type Handle, toMarkdown } from 'mdast-util-to-markdown'
import { addressOf } from './links.ts'
import { attribute } from './tree.ts'

/**
 * The Markdown of a tree, to be read and searched: headings, lists, tables, code with its language, links in full. Text
 * is escaped only where it would begin a block, a tag or a cell, since nobody searches for `pg\\_dump`. Of an image its
 * description is kept.
 */
export const markdownOf = (tree: HtmlParents, base: string | null): string => {
  const handlers: Record<string, HtmlHandle> = { a: linkTo(base), img, image: img, pre, listing: pre, xmp: pre }
  const root = toMdast({ type: 'root', children: [...tree.children] as Element[] }, { document: true, handlers })
  return toMarkdown(root as Root, {
    bullet: '-',
    rule: '-',
    incrementListMarker: true,
    resourceLink: true,
    extensions: [gfmToMarkdown({ tablePipeAlign: false })],
    handlers: { text, strong: marked('**'), emphasis: marked('*') },
  }).trim()
}

/** A link that leads somewhere else and says something; of any other its text is kept. */
const linkTo =
  (base: string | null): HtmlHandle =>
  (state: HtmlState, node: Element): Link | PhrasingContent[] => {
    const children = state.all(node) as PhrasingContent[]
    const href = attribute(node, 'href')?.trim() ?? ''
    const url = addressOf(href, base) ?? href
    const leads = href !== '' && !href.startsWith('#') && !/^(?:javascript|data|vbscript|mailto|tel):/i.test(url)
    return leads && children.length > 0 ? { type: 'link', url, title: null, children } : children
  }

const img: HtmlHandle = (_state, node): Text | undefined => {
  const value = (attribute(node, 'alt') ?? '').replace(/\s+/g, ' ').trim()
  return value === '' ? undefined : { type: 'text', value }
}

const pre: HtmlHandle = (_state, node): Code => ({
  type: 'code',
  lang: attribute(node, 'dataLanguage'),
  value: toText(node, { whitespace: 'pre' }).replace(/^\n|\s+$/g, ''),
})

/** What would begin a block at the start of a line: a heading, a list, a quote, a fence, a rule, an indented line. */
const opener = /^(\s*)(#{1,6}(?=\s|$)|[-+*](?=\s|$)|>|```|~~~|(?:-{3,}|={3,}|\*{3,}|_{3,})\s*$|:?-+\s*\|)/
const numbered = /^(\s*\d{1,9})([.)](?=\s|$))/

const text: Handle = (node: Text, _parent, state, { before }) => {
  let value = node.value.replace(/\s*\n\s*/g, ' ').replace(/<(?=[a-z/!?])/gi, '\\<')
  if (state.stack.includes('tableCell')) return value.replaceAll('|', '\\|')
  if (before.endsWith('\n')) value = value.replace(opener, '$1\\$2').replace(numbered, '$1\\$2')
  return value
}

/** Text between marks, without the references by which others keep any text around it apart. */
const marked =
  (mark: string): Handle =>
  (node: Strong | Emphasis, _parent, state, info) => {
    const exit = state.enter('phrasing')
    const inside = state.containerPhrasing(node, { ...info, before: mark, after: mark })
    exit()
    const [, start, value, end] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inside)!
    return value === '' ? inside : `${start}${mark}${value}${mark}${end}`
  }
