import type { Element, Nodes, Parents, Root } from 'hast'
import { fromParse5 } from 'hast-util-from-parse5'
import { defaultTreeAdapter, parse } from 'parse5'
import { Reject } from '../../../runtime/errors.ts'

/** Elements that may stand in one another; browsers stop there too. */
export const deepest = 512

/**
 * The tree of a page as a browser would read it, scripts off. Throws a Reject `too_deep`, as soon as that shows: what
 * comes after costs time and stack by the depth.
 */
export const treeOf = (html: string): Root => {
  let depth = 0
  const treeAdapter = {
    ...defaultTreeAdapter,
    onItemPush() {
      depth += 1
      if (depth > deepest) throw new Reject('too_deep', `it nests elements more than ${deepest} deep`)
    },
    onItemPop() {
      depth -= 1
    },
  }
  return fromParse5(parse(html, { treeAdapter, scriptingEnabled: false })) as Root
}

/** The elements of a tree in their order, the tree itself left out. */
export function* elementsOf(tree: Parents): Generator<Element> {
  for (const child of tree.children) {
    if (child.type !== 'element') continue
    yield child
    yield* elementsOf(child)
  }
}

export const firstOf = (tree: Parents, wanted: (element: Element) => boolean): Element | null => {
  for (const element of elementsOf(tree)) if (wanted(element)) return element
  return null
}

/** An attribute as text; null where the element has none. Lists (`class`, `rel`) are joined by blanks. */
export const attribute = ({ properties }: Element, name: string): string | null => {
  const value = properties[name]
  if (value === undefined || value === null || value === false) return null
  return Array.isArray(value) ? value.join(' ') : String(value)
}

export const classesOf = (element: Element): readonly string[] => {
  const { className } = element.properties
  return Array.isArray(className) ? className.map(String) : []
}

/** How a link is meant, in small letters. */
export const relOf = (element: Element): readonly string[] =>
  (attribute(element, 'rel') ?? '').toLowerCase().split(/\s+/)

/** Characters of text that are no white space. */
export const lengthOf = (node: Nodes): number => {
  if (node.type === 'text') return node.value.replace(/\s+/g, '').length
  return 'children' in node ? node.children.reduce((sum, child) => sum + lengthOf(child), 0) : 0
}

/** The text of a tree in one line. */
export const lineOf = (node: Nodes): string => rawText(node).replace(/\s+/g, ' ').trim()

const rawText = (node: Nodes): string => {
  if (node.type === 'text') return node.value
  return 'children' in node ? node.children.map(rawText).join('') : ''
}
