import { opensHtml } from './html-blocks.ts'
import { type Line, lineAt } from './lines.ts'

/** What a line of Markdown is by itself (CommonMark 0.31 and the tables of GitHub). Matching is linear in the line. */

/** 1 to 6 for a line of the form `## Title`, else 0. */
export const atxLevel = (text: string, line: Line): number => {
  let level = 0
  while (level < 7 && text[line.first + level] === '#') level++
  const after = line.first + level
  return level <= 6 && (after >= line.end || text[after] === ' ' || text[after] === '\t') ? level : 0
}

/** Without the closing run of #, which counts only after a blank. */
export const atxTitle = (text: string, line: Line, level: number): string => {
  const title = text.slice(line.first + level, line.end).trim()
  let end = title.length
  while (title[end - 1] === '#') end--
  return end === 0 || title[end - 1] === ' ' || title[end - 1] === '\t' ? title.slice(0, end).trimEnd() : title
}

/** The run of backticks or tildes that opens fenced code at `at`, or null. */
export const fenceAt = (text: string, line: Line, at = line.first): string | null => {
  const match = /^(?:(`{3,})[^`]*|(~{3,})[\s\S]*)$/.exec(text.slice(at, line.end))
  return match ? (match[1] ?? match[2] ?? null) : null
}

export const isRule = (text: string, line: Line): boolean =>
  line.indent < 4 &&
  line.end - line.first <= longestMark &&
  '*-_'.includes(text[line.first]!) &&
  rule.test(text.slice(line.first, line.end))
const rule = /^(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/

/** Columns from the start of a list marker to the text of its item; 0 where there is no marker. */
export const markerWidth = (text: string, line: Line): number => {
  const code = text.charCodeAt(line.first)
  const mayBe = code === 0x2a || code === 0x2b || code === 0x2d || (code >= 0x30 && code <= 0x39)
  if (!mayBe || line.indent > 3) return 0
  const match = /^([-+*]|\d{1,9}[.)])([ \t]*)(?=(.?))/.exec(text.slice(line.first, Math.min(line.end, line.first + 64)))
  if (!match || (match[2] === '' && match[3] !== '')) return 0
  const blanks = match[2]!.length
  return match[1]!.length + (match[3] === '' || blanks > 4 ? 1 : blanks)
}

/** A rule or a delimiter row longer than this is taken for text, so that matching stays linear in the text. */
const longestMark = 2000

const delimiterRow = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/

export const isTable = (text: string, line: Line): boolean => {
  if (line.next >= text.length || !text.slice(line.first, line.end).includes('|')) return false
  const second = lineAt(text, line.next)
  if (second.indent > 3 || second.end - second.first > longestMark) return false
  const row = text.slice(second.first, second.end)
  return row.includes('|') && delimiterRow.test(row)
}

/** Whether a line ends the paragraph before it. */
export const interrupts = (text: string, line: Line): boolean => {
  if (line.indent > 3) return false
  switch (text[line.first]) {
    case '#':
      return atxLevel(text, line) > 0
    case '`':
    case '~':
      return fenceAt(text, line) !== null
    case '>':
      return true
    case '<':
      return opensHtml(text, line, false)
  }
  if (isRule(text, line)) return true
  const width = markerWidth(text, line)
  return width > 0 && /^(?:[-+*]|1[.)])[ \t]+\S/.test(text.slice(line.first, line.end))
}
