import { type Line, mostOf, widthOf } from './lines.ts'
import type { PageLines } from './running.ts'

/** What the sizes of letters mean in a document. */
export interface Sizes {
  readonly body: number
  /** Those of headings, the largest first. */
  readonly headings: readonly number[]
}

const longestHeading = 160
const mostLevels = 4

/** The size of most letters is that of the text; headings are the few that are clearly larger. */
export const sizesOf = (pages: readonly PageLines[]): Sizes => {
  const letters = new Map<number, number>()
  for (const { size, text } of pages.flat()) letters.set(rounded(size), (letters.get(rounded(size)) ?? 0) + text.length)
  const body = mostOf(letters)
  const all = [...letters.values()].reduce((sum, count) => sum + count, 0)
  const headings = [...letters].filter(([size, count]) => size >= body * 1.15 && count < all / 4)
  return { body, headings: headings.map(([size]) => size).sort((a, b) => b - a) }
}

const rounded = (size: number) => Math.round(size * 2) / 2

/** The heading that a line is part of: 3 to 6, below the heading of its page; 0 for none. */
const levelOf = ({ size, text, upright }: Line, { headings }: Sizes): number => {
  const rank = headings.indexOf(rounded(size))
  if (rank < 0 || !upright || text.length > longestHeading || !/\p{L}{2}/u.test(text)) return 0
  return 3 + Math.min(rank, mostLevels - 1)
}

/** The text of a page: paragraphs with their lines joined, headings, lists, and code where the font is of fixed width. */
export const pageMarkdown = (lines: PageLines, sizes: Sizes): string => {
  const blocks: string[] = []
  const step = stepOf(lines)
  for (let i = 0; i < lines.length; ) {
    const first = lines[i]!
    let end = i + 1
    if (first.fixed) {
      while (lines[end]?.fixed) end += 1
      blocks.push(codeOf(lines.slice(i, end)))
    } else {
      const level = levelOf(first, sizes)
      while (end < lines.length && goesOn(lines, end, { level, sizes, step })) end += 1
      const text = lines
        .slice(i, end)
        .map(({ text }) => text)
        .reduce(joinLines)
      blocks.push(level > 0 ? `${'#'.repeat(level)} ${text}` : plain(text))
    }
    i = end
  }
  return blocks.join('\n\n')
}

/** From one line to the next, in heights of a line, as most lines of a page have it. */
const stepOf = (lines: PageLines): number => {
  const steps = lines.flatMap((line, i) => {
    const step = ((lines[i - 1]?.y ?? 0) - line.y) / line.size
    return step > 0.8 && step < 3 ? [step] : []
  })
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 1.2
}

interface BlockSoFar {
  readonly level: number
  readonly sizes: Sizes
  readonly step: number
}

/** Whether a line goes on with the block of the line before it. */
const goesOn = (lines: PageLines, i: number, { level, sizes, step: usual }: BlockSoFar): boolean => {
  const line = lines[i]!
  const before = lines[i - 1]!
  if (line.fixed || line.upright !== before.upright || levelOf(line, sizes) !== level) return false
  const nextColumn = line.y > before.y
  if (nextColumn) return level === 0 && !/[.:!?]$/.test(before.text) && !bullet.test(line.text)
  const step = before.y - line.y
  const size = Math.max(line.size, before.size)
  if (step > 1.25 * usual * size || Math.abs(line.size - before.size) > 0.25 * size) return false
  return level > 0 || !(bullet.test(line.text) || isIndented(line, before) || isRow(line) || isRow(before))
}

/** The first line of a paragraph, where paragraphs are told by that alone. */
const isIndented = (line: Line, before: Line): boolean =>
  line.x > before.x + 0.8 * line.size && line.x < before.x + 4 * line.size && /[.:!?”"')\]]$/.test(before.text)

const bullet = /^(?:[•‣◦▪●○■–·*-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S/

/** A line of a table: of contents, or one of cells apart. */
const isRow = ({ text }: Line): boolean => leader.test(text) || /\S {2,}\S/.test(text)

/** The dots between a heading and its page in a table of contents. */
const leader = /(?:\s?\.){5,}\s*(?=\w{0,5}$)/

/** A hyphen at the end of a line is one of the line, where a small letter follows. */
const joinLines = (text: string, next: string): string => {
  if (text.endsWith('\u00ad')) return text.slice(0, -1) + next
  if (/\p{L}[-‐]$/u.test(text) && /^\p{Ll}/u.test(next)) return text.slice(0, -1) + next
  return `${text} ${next}`
}

const plain = (text: string): string =>
  text
    .replace(leader, ' … ')
    .replace(/^[•‣◦▪●○■·]\s+/, '- ')
    .replace(/^(#{1,6}\s|>|```|~~~)/, '\\$1')

/** Lines as they stand, indented as they are. */
const codeOf = (lines: PageLines): string => {
  const left = Math.min(...lines.map(({ x }) => x))
  const width = lines.map(widthOf).sort((a, b) => a - b)[lines.length >> 1] || 1
  const text = lines.map((line, i) => {
    const apart = i > 0 && lines[i - 1]!.y - line.y > 1.9 * line.size ? '\n' : ''
    return `${apart}${' '.repeat(Math.min(80, Math.round((line.x - left) / width)))}${line.text}`
  })
  return `\`\`\`\n${text.join('\n').replaceAll('```', "'''")}\n\`\`\``
}
