import { commonSlots, type HeadingSlots, plainTitle, withHeading } from './headings.ts'
import { type Range, trimmed } from './lines.ts'
import { type Block, markdownBlocks } from './markdown-blocks.ts'
import { type Atom, pack } from './pack.ts'
import { refine } from './refine.ts'
import type { TokenIndex } from './tokens.ts'

export interface Section extends Range {
  readonly slots: HeadingSlots
}

/**
 * Chunks on the structure of Markdown: a section that fits stays whole, then its blocks do (code, tables, lists,
 * paragraphs); a heading stays with what follows it; small neighbours share a chunk, a well filled one ends at a heading.
 */
export const markdown = (
  index: TokenIndex,
  sizes: { readonly size: number; readonly overlap: number },
  before: HeadingSlots,
): Section[] => {
  const blocks = markdownBlocks(index.text)
  const headings = blocks.filter(block => block.level > 0)
  const floor = (position: number) => headings[headingsUpTo(headings, position) - 1]?.start ?? 0
  const chunks = pack(index, atomsOf(index, sizes.size, blocks), { ...sizes, floor })
  return withPaths(chunks, headings, before)
}

/** Kept free for what the border between two ranges can add to their counts. */
const joinTokens = 2

/** A heading goes into one atom with what follows it, be that another heading, a block or the beginning of a block. */
const atomsOf = (index: TokenIndex, size: number, blocks: readonly Block[]): Atom[] => {
  const atoms: Atom[] = []
  const ends = sectionEnds(blocks)
  const tokens = (start: number, end: number) => {
    const range = trimmed(index.text, start, end)
    return index.count(range.start, range.end)
  }
  let lead: number | null = null
  for (let i = 0; i < blocks.length; ) {
    const block = blocks[i] as Block
    const isHeading = block.level > 0
    const start: number = lead ?? block.start
    const breaks = isHeading || lead !== null
    const afterSection = isHeading ? (ends[i] as number) : i + 1
    const { end } = blocks[afterSection - 1] as Block
    if (tokens(start, end) <= size) {
      atoms.push({ start, end, breaks })
      i = afterSection
      lead = null
    } else if (isHeading && i + 1 < afterSection && tokens(start, block.end) * 4 < size) {
      lead = start
      i += 1
    } else {
      const room = lead === null ? size : size - index.count(lead, block.start) - joinTokens
      const [first, ...rest] = refine(index, room, block)
      const led = first !== undefined && tokens(start, first.end) <= size
      if (!led && lead !== null) atoms.push({ start: lead, end: block.start, breaks })
      if (first) atoms.push(led ? { start, end: first.end, breaks } : first)
      for (const atom of rest) atoms.push(atom)
      i += 1
      lead = null
    }
  }
  return atoms
}

/** For each heading, the number of the first block after its section; for other blocks nothing of use. */
const sectionEnds = (blocks: readonly Block[]): Uint32Array => {
  const ends = new Uint32Array(blocks.length).fill(blocks.length)
  const open: number[] = []
  blocks.forEach((block, i) => {
    if (block.level === 0) return
    while (open.length > 0 && (blocks[open.at(-1) as number] as Block).level >= block.level)
      ends[open.pop() as number] = i
    open.push(i)
  })
  return ends
}

/** The headings that hold for all of each chunk. Chunks and headings are in order. */
const withPaths = (chunks: readonly Range[], headings: readonly Block[], before: HeadingSlots): Section[] => {
  let slots = before
  let next = 0
  return chunks.map(({ start, end }) => {
    for (; next < headings.length && (headings[next] as Block).start <= start; next++) {
      const heading = headings[next] as Block
      slots = withHeading(slots, heading.level, plainTitle(heading.title))
    }
    let highest = Number.POSITIVE_INFINITY
    for (let i = next; i < headings.length && (headings[i] as Block).start < end; i++)
      highest = Math.min(highest, (headings[i] as Block).level)
    return { start, end, slots: commonSlots(slots, highest) }
  })
}

const headingsUpTo = (headings: readonly Block[], position: number): number => {
  let low = 0
  let high = headings.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((headings[middle] as Block).start <= position) low = middle + 1
    else high = middle
  }
  return low
}
