import { htmlEnd, opensHtml } from './html-blocks.ts'
import { isBlank, type Line, lineAt, linesFrom } from './lines.ts'
import { atxLevel, atxTitle, fenceAt, interrupts, isRule, isTable, markerWidth } from './markdown-lines.ts'

/**
 * The outermost blocks of a Markdown text (CommonMark 0.31 and the tables of GitHub), as ranges that do not overlap, in
 * order. One pass over the lines; inline markup is not looked at.
 */
export interface Block {
  readonly kind: 'heading' | 'code' | 'table' | 'list' | 'quote' | 'html' | 'rule' | 'paragraph'
  readonly start: number
  /** After the last line that is not blank, its line break included. */
  readonly end: number
  /** 1 to 6 for a heading, else 0. */
  readonly level: number
  /** The raw text of a heading, else empty. */
  readonly title: string
}

export const markdownBlocks = (text: string): Block[] => {
  const blocks: Block[] = []
  for (let at = 0; at < text.length; ) {
    const line = lineAt(text, at)
    if (isBlank(line)) {
      at = line.next
      continue
    }
    const block = blockAt(text, line)
    blocks.push(block)
    at = block.end
  }
  return blocks
}

const blockAt = (text: string, line: Line): Block => {
  const plain = (kind: Block['kind'], end: number): Block => ({ kind, start: line.start, end, level: 0, title: '' })
  if (line.indent > 3) return plain('code', indentedEnd(text, line))
  switch (text[line.first]) {
    case '#': {
      const level = atxLevel(text, line)
      if (level > 0)
        return { kind: 'heading', start: line.start, end: line.next, level, title: atxTitle(text, line, level) }
      break
    }
    case '`':
    case '~': {
      const fence = fenceAt(text, line)
      if (fence) return plain('code', fenceEnd(text, line.next, fence, 0))
      break
    }
    case '>':
      return plain('quote', quoteEnd(text, line))
    case '<': {
      if (opensHtml(text, line, true)) return plain('html', htmlEnd(text, line))
      break
    }
  }
  if (isRule(text, line)) return plain('rule', line.next)
  if (markerWidth(text, line) > 0) return plain('list', listEnd(text, line))
  if (isTable(text, line)) return plain('table', tableEnd(text, line))
  return paragraphAt(text, line)
}

const indentedEnd = (text: string, from: Line): number => {
  let end = from.next
  for (const line of linesFrom(text, from.next)) {
    if (isBlank(line)) continue
    if (line.indent < 4) break
    end = line.next
  }
  return end
}

/** Fenced code ends after its closing fence, with the text, or where its container (of `indent` columns) ends. */
const fenceEnd = (text: string, from: number, fence: string, indent: number): number => {
  let end = from
  for (const line of linesFrom(text, from)) {
    if (isBlank(line)) continue
    if (line.indent < indent) return end
    end = line.next
    if (line.indent < indent + 4 && text.startsWith(fence, line.first)) {
      const rest = text.slice(line.first, line.end).trimEnd()
      if (rest === fence[0]!.repeat(rest.length)) return end
    }
  }
  return end
}

/** A list with all its items: those of another marker too, since they are read as one. */
const listEnd = (text: string, from: Line): number => {
  let content = 0
  let end = from.start
  let afterBlank = false
  for (let at = from.start; at < text.length; ) {
    const line = lineAt(text, at)
    at = line.next
    if (isBlank(line)) {
      afterBlank = true
      continue
    }
    const width = isRule(text, line) ? 0 : markerWidth(text, line)
    const inside = content > 0 && line.indent >= content
    if (!inside && width === 0 && (afterBlank || interrupts(text, line))) return end
    if (!inside && width > 0) content = line.indent + width
    const fence = inside || width > 0 ? fenceAt(text, line, line.first + (inside ? 0 : width)) : null
    if (fence !== null) at = fenceEnd(text, at, fence, content)
    end = at
    afterBlank = false
  }
  return end
}

/** A line without its mark goes on with the quote only where the line before it was text. */
const quoteEnd = (text: string, from: Line): number => {
  let before = from
  for (const line of linesFrom(text, from.next)) {
    const marked = line.indent < 4 && text[line.first] === '>'
    if (isBlank(line) || (!marked && (interrupts(text, line) || !endsInText(text, before)))) break
    before = line
  }
  return before.next
}

const endsInText = (text: string, line: Line): boolean => {
  if (text[line.first] !== '>') return true
  const quoted = text.slice(line.first, line.end).replace(/^(?:>[ \t]?)+/, '')
  return quoted !== '' && !/^(?:[ \t]|#{1,6} |```|~~~)/.test(quoted)
}

const tableEnd = (text: string, from: Line): number => {
  let end = lineAt(text, from.next).next
  for (const line of linesFrom(text, end)) {
    if (isBlank(line) || interrupts(text, line)) break
    end = line.next
  }
  return end
}

/** A paragraph, or the heading that an underline makes of it. */
const paragraphAt = (text: string, from: Line): Block => {
  let end = from.next
  for (const line of linesFrom(text, from.next)) {
    if (isBlank(line)) break
    if (line.indent < 4) {
      const mark = text[line.first]
      if ((mark === '=' || mark === '-') && /^(?:=+|-+)[ \t]*$/.test(text.slice(line.first, line.end))) {
        const title = text.slice(from.first, end).trimEnd()
        return { kind: 'heading', start: from.start, end: line.next, level: mark === '=' ? 1 : 2, title }
      }
      if (interrupts(text, line) || isTable(text, line)) break
    }
    end = line.next
  }
  return { kind: 'paragraph', start: from.start, end, level: 0, title: '' }
}
