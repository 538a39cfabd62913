import { type HeadingSlots, plainTitle, withHeading } from './headings.ts'
import { type Block, markdownBlocks } from './markdown-blocks.ts'

/** A document, or a piece of a large one, small enough to travel as one record. */
export interface Part {
  /** Where it starts in the document, in UTF-16 code units. */
  readonly offset: number
  readonly text: string
  /** Headings in force where it starts, its own first heading not included. */
  readonly headings: HeadingSlots
}

/** 256 KiB: a larger document travels in parts. */
export const partBytes = 256 * 1024

/**
 * Cuts a text into parts of at most `limit` bytes of UTF-8, each but the last at least about half as large: at the
 * highest heading in reach, else between blocks or paragraphs, else at a line, a blank, anywhere. A pure function of the
 * text. A part that begins inside of fenced code (a block larger than a part) is read as if it began outside.
 */
export const splitIntoParts = (text: string, mediaType: string, limit: number = partBytes): Part[] => {
  if (fits(text, 0, text.length, limit)) return [{ offset: 0, text, headings: [] }]
  const blocks = mediaType === 'text/markdown' ? markdownBlocks(text) : []
  const parts: Part[] = []
  let headings: HeadingSlots = []
  let next = 0
  for (let start = 0; start < text.length; ) {
    const reach = reachFrom(text, start, limit)
    const end = reach === text.length ? reach : bestCut(text, blocks, next, start, reach)
    parts.push({ offset: start, text: text.slice(start, end), headings })
    for (; next < blocks.length && (blocks[next] as Block).start < end; next++) {
      const { level, title } = blocks[next] as Block
      if (level > 0) headings = withHeading(headings, level, plainTitle(title))
    }
    start = end
  }
  return parts
}

const bytesOf = (text: string, start: number, end: number) => Buffer.byteLength(text.slice(start, end))

/** A code unit takes at most three bytes, at least one. */
const fits = (text: string, start: number, end: number, limit: number): boolean =>
  (end - start) * 3 <= limit || (end - start <= limit && bytesOf(text, start, end) <= limit)

/** As far as a part can go. */
const reachFrom = (text: string, start: number, limit: number): number => {
  let end = Math.min(start + limit, text.length)
  while (!fits(text, start, end, limit))
    end = start + Math.max(1, Math.floor(((end - start) * limit) / bytesOf(text, start, end)))
  return end < text.length ? besidePair(text, start, end) : end
}

const besidePair = (text: string, start: number, at: number): number =>
  (text.codePointAt(at - 1) ?? 0) <= 0xffff ? at : at - 1 > start ? at - 1 : at + 1

const bestCut = (text: string, blocks: readonly Block[], from: number, start: number, reach: number): number => {
  const half = start + Math.ceil((reach - start) / 2)
  let best: Block | null = null
  for (let i = from; i < blocks.length; i++) {
    const block = blocks[i] as Block
    if (block.start > reach) break
    if (block.start >= half && rank(block) <= (best ? rank(best) : Number.POSITIVE_INFINITY)) best = block
  }
  if (best) return best.start
  for (const border of ['\n\n', '\n', ' ']) {
    const at = text.lastIndexOf(border, reach - border.length)
    if (at >= half) return at + border.length
  }
  return reach
}

/** Headings before other blocks, high ones first. */
const rank = (block: Block): number => block.level || 7
