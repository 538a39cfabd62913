import type { Element } from 'hast'
import { attribute, classesOf } from './tree.ts'

/** Names that say no language. */
const none: ReadonlySet<string> = new Set([
  '',
  'default',
  'none',
  'text',
  'plain',
  'plaintext',
  'notranslate',
  'output',
])
const marked = /^(?:language|lang|highlight-source|highlight|brush|src)[-:]\s?([\w+#.-]+)$/
/** Highlighters that write the language as a class beside their own. */
const beside: ReadonlySet<string> = new Set(['hljs', 'sourceCode', 'prettyprint', 'chroma'])

/**
 * The language of a block of code as highlighters mark it: on `pre`, on its `code`, or on an element around them, the
 * nearest first; null where none says.
 */
export const codeLanguage = (pre: Element, around: readonly Element[]): string | null => {
  const code = pre.children.find(child => child.type === 'element' && child.tagName === 'code') as Element | undefined
  for (const element of [code, pre, ...around]) {
    if (!element) continue
    const stated = attribute(element, 'dataLanguage') ?? attribute(element, 'dataLang') ?? fromClasses(element)
    if (stated !== null && !none.has(stated)) return stated.toLowerCase()
  }
  return null
}

const fromClasses = (element: Element): string | null => {
  const classes = classesOf(element)
  for (const name of classes) {
    const found = marked.exec(name)?.[1]
    if (found !== undefined && !none.has(found)) return found
  }
  if (!classes.some(name => beside.has(name))) return null
  return (
    classes.find(
      name => !beside.has(name) && /^[a-z][\w+#-]*$/i.test(name) && !/^(?:nd-|with|number|linenums)/i.test(name),
    ) ?? null
  )
}
