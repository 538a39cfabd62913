import { isBlank, type Line, linesFrom } from './lines.ts'

/** The seven kinds of HTML blocks of CommonMark 0.31, section 4.6: how they begin, and what ends them (null: a blank line). */
const kinds: readonly (readonly [begin: RegExp, end: string | RegExp | null])[] = [
  [/^<(?:script|pre|style|textarea)(?:[ \t>]|$)/i, /<\/(?:script|pre|style|textarea)>/i],
  [/^<!--/, '-->'],
  [/^<\?/, '?>'],
  [/^<!\[CDATA\[/, ']]>'],
  [/^<![a-zA-Z]/, '>'],
  [
    /^<\/?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?:[ \t>]|\/>|$)/i,
    null,
  ],
]
/** A whole tag alone on its line; the only kind that cannot end a paragraph. */
const loneTag = /^<\/?[a-zA-Z][a-zA-Z0-9-]*(?:[ \t][^<>]*)?\/?>[ \t]*$/

const headOf = (text: string, line: Line) => text.slice(line.first, Math.min(line.end, line.first + 1024))

/** Whether an HTML block begins with this line; `lone` says whether a lone tag counts. */
export const opensHtml = (text: string, line: Line, lone: boolean): boolean => {
  const head = headOf(text, line)
  return kinds.some(([begin]) => begin.test(head)) || (lone && loneTag.test(head))
}

/** Where the HTML block that begins with this line ends. */
export const htmlEnd = (text: string, line: Line): number => {
  const head = headOf(text, line)
  const stop = kinds.find(([begin]) => begin.test(head))?.[1] ?? null
  return stop === null ? blankEnd(text, line) : markedEnd(text, line, stop)
}

const blankEnd = (text: string, from: Line): number => {
  let end = from.next
  for (const line of linesFrom(text, from.next)) {
    if (isBlank(line)) break
    end = line.next
  }
  return end
}

const markedEnd = (text: string, from: Line, stop: string | RegExp): number => {
  let end = from.next
  for (const line of linesFrom(text, from.start)) {
    if (!isBlank(line)) end = line.next
    const content = text.slice(line.first, line.end)
    if (typeof stop === 'string' ? content.includes(stop) : stop.test(content)) break
  }
  return end
}
