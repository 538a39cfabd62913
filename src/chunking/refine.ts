import { firstVisible, type Range, trimmed } from './lines.ts'
import type { TokenIndex } from './tokens.ts'

/** Where a range may be cut, from the best place to the worst; each pattern's match is left in front of the cut. */
const borders = [/\n[ \t\r]*\n/g, /\n/g, /[.!?…]["'”’)\]]{0,3}\s|[。！？．]["'”’）」』]{0,3}/g, /\s+/g] as const

/**
 * Cuts a range into ranges of at most `size` tokens each, in order: at paragraphs first, inside of those that are too
 * large at lines, then sentences, words, and at last anywhere. Ranges of nothing but white space are left out.
 */
export const refine = (index: TokenIndex, size: number, range: Range, level = 0): Range[] => {
  const { start, end } = trimmed(index.text, range.start, range.end)
  if (start === end) return []
  if (index.count(start, end) <= size) return [range]
  const border = borders[level]
  if (border === undefined) return hardCuts(index, Math.max(1, Math.floor(size / 8)), range)
  return cutAt(index.text, border, range).flatMap(part => refine(index, size, part, level + 1))
}

const cutAt = (text: string, border: RegExp, { start, end }: Range): Range[] => {
  const part = text.slice(start, end)
  const parts: Range[] = []
  let from = 0
  for (const match of part.matchAll(border)) {
    const to = match.index + match[0].length
    if (to > from) parts.push({ start: start + from, end: start + to })
    from = to
  }
  if (from < part.length) parts.push({ start: start + from, end })
  return parts
}

/** Cuts of about `tokens` tokens at piece borders; a piece that has more is cut between characters. */
const hardCuts = (index: TokenIndex, tokens: number, range: Range): Range[] => {
  const cuts: Range[] = []
  let start = firstVisible(index.text, range.start, range.end)
  while (start < range.end) {
    const far = Math.min(index.forward(start, tokens), range.end)
    const end = far > start && index.count(start, far) <= tokens ? far : withinPiece(index, tokens, start, range.end)
    cuts.push({ start, end })
    start = end
  }
  return cuts
}

/** The end of the piece at `start`, or less of it, by halves, until it has at most `tokens` tokens or is one character. */
export const withinPiece = (index: TokenIndex, tokens: number, start: number, limit: number): number => {
  let end = Math.min(index.ends[index.piecesWithin(start)] ?? limit, limit)
  while (index.count(start, end) > tokens) {
    const half = safeCut(index.text, start, start + ((end - start) >>> 1))
    if (half >= end) break
    end = half
  }
  return end
}

/** `at`, or one more where a cut there would part a surrogate pair or leave nothing. */
const safeCut = (text: string, start: number, at: number): number => {
  const cut = Math.max(at, start + 1)
  return (text.codePointAt(cut - 1) ?? 0) > 0xffff ? cut + 1 : cut
}
