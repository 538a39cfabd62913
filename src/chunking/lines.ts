/** A line of a text: [start, end) without its line break, `next` after it; columns as CommonMark counts them (tabs to 4). */
export interface Line {
  readonly start: number
  readonly end: number
  readonly next: number
  /** Where the first character that is no blank stands; `end` on a blank line. */
  readonly first: number
  readonly indent: number
}

const tab = 9
const lineFeed = 10
const carriageReturn = 13
const space = 32

export const lineAt = (text: string, start: number): Line => {
  const found = text.indexOf('\n', start)
  const stop = found === -1 ? text.length : found
  const end = stop > start && text.charCodeAt(stop - 1) === carriageReturn ? stop - 1 : stop
  let first = start
  let indent = 0
  for (; first < end; first++) {
    const code = text.charCodeAt(first)
    if (code === space) indent += 1
    else if (code === tab) indent += 4 - (indent % 4)
    else break
  }
  return { start, end, next: found === -1 ? stop : stop + 1, first, indent }
}

export const isBlank = (line: Line): boolean => line.first === line.end

/** The lines from `start` on. */
export function* linesFrom(text: string, start: number): Generator<Line, void> {
  for (let at = start; at < text.length; ) {
    const line = lineAt(text, at)
    yield line
    at = line.next
  }
}

/** The range without blanks and line breaks at its ends, but with the indent of its first line (code keeps its shape). */
export const trimmed = (text: string, start: number, end: number): Range => {
  const from = firstVisible(text, start, end)
  let to = end
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  if (from >= to) return { start: from, end: from }
  let lineStart = from
  while (lineStart > start && from - lineStart < widestIndent && isIndent(text.charCodeAt(lineStart - 1))) lineStart--
  const atLineStart = lineStart === 0 || text.charCodeAt(lineStart - 1) === lineFeed
  return { start: atLineStart ? lineStart : from, end: to }
}

export interface Range {
  readonly start: number
  readonly end: number
}

/** Where the first character stands that is no white space; `end` if there is none. */
export const firstVisible = (text: string, start: number, end: number): number => {
  let at = start
  while (at < end && isSpace(text.charCodeAt(at))) at++
  return at
}

/** An indent wider than this is no indent but a lot of blanks. */
const widestIndent = 32

const isIndent = (code: number): boolean => code === space || code === tab

/** White space as JavaScript's `\s` and `trim` have it. */
const isSpace = (code: number): boolean =>
  code === space || (code >= tab && code <= carriageReturn) || (code >= 0xa0 && /\s/.test(String.fromCharCode(code)))
