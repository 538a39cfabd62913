import type { Element, ElementContent, Parents } from 'hast'
import { codeLanguage } from './code-language.ts'
import { attribute, elementsOf, lengthOf } from './tree.ts'

/** Cells that one may span; without a bound one attribute makes a row of any length. */
const widest = 100

/**
 * Readies a tree for Markdown, which it changes: code is told its language, and a table that only lays out the page, or
 * whose cells hold what no cell of Markdown can, becomes its cells one after another.
 */
export const tidy = (tree: Parents, around: readonly Element[] = []): void => {
  for (const child of tree.children) {
    if (child.type !== 'element') continue
    if (child.tagName === 'pre') {
      const language = codeLanguage(child, around.slice(0, 3))
      if (language !== null) child.properties.dataLanguage = language
    } else if (child.tagName === 'table' && isLayout(child)) unfold(child)
    else if (child.tagName === 'td' || child.tagName === 'th') {
      bound(child)
      child.children = inLine(child.children)
    }
    tidy(child, [child, ...around])
  }
  tree.children = (tree.children as Element[]).flatMap(captioned)
}

/** A caption goes before its table, as a paragraph. */
const captioned = (child: Element): Element[] => {
  if (child.type !== 'element' || child.tagName !== 'table') return [child]
  const captions = child.children.filter(one => one.type === 'element' && one.tagName === 'caption') as Element[]
  child.children = child.children.filter(one => !captions.includes(one as Element))
  return [...captions.map(one => ({ ...one, tagName: 'p' })), child]
}

const blocks: ReadonlySet<string> = new Set('pre table h1 h2 h3 h4 h5 h6 hr article section'.split(' '))

const isLayout = (table: Element): boolean => {
  if (attribute(table, 'role') === 'presentation') return true
  let columns = 0
  for (const element of elementsOf(table)) {
    if (blocks.has(element.tagName) && lengthOf(element) > 0) return true
    if (element.tagName === 'tr') columns = Math.max(columns, cellsOf(element).length)
  }
  return columns <= 1
}

const cellsOf = (row: Element) =>
  row.children.filter(child => child.type === 'element' && (child.tagName === 'td' || child.tagName === 'th'))

const parts: ReadonlySet<string> = new Set('caption colgroup thead tbody tfoot tr td th'.split(' '))

/** Its own rows and cells become blocks; a table inside stays one, and is looked at for itself. */
const unfold = (element: Element): void => {
  element.tagName = 'div'
  for (const child of element.children) if (child.type === 'element' && parts.has(child.tagName)) unfold(child)
}

const inCells: ReadonlySet<string> = new Set('p div ul ol li dl dt dd blockquote figure figcaption center'.split(' '))

/** What stands in blocks, in one line: a cell of Markdown has no other, and words of two blocks must not become one. */
const inLine = (nodes: readonly ElementContent[]): ElementContent[] => {
  const line: ElementContent[] = []
  for (const node of nodes) {
    if (node.type !== 'element') line.push(node)
    else if (!inCells.has(node.tagName)) line.push({ ...node, children: inLine(node.children) })
    else line.push({ type: 'text', value: ' ' }, ...inLine(node.children), { type: 'text', value: ' ' })
  }
  return line
}

const bound = (cell: Element): void => {
  for (const name of ['colSpan', 'rowSpan']) {
    const span = Number(cell.properties[name] ?? 1)
    if (span > widest) cell.properties[name] = widest
  }
}
