import { fixed } from './fixed.ts'
import { type HeadingSlots, headingPath } from './headings.ts'
import { markdown } from './markdown.ts'
import { recursive } from './recursive.ts'
import { TokenIndex } from './tokens.ts'

/** How a text is cut. Sizes in tokens of cl100k_base; `chunk_size` of at least 4. */
export interface ChunkSettings {
  readonly strategy: 'markdown' | 'recursive' | 'fixed'
  readonly chunk_size: number
  readonly chunk_overlap: number
}

/** One piece of a text: exactly text.slice(offset, offset + piece.text.length), never empty, without blanks around it. */
export interface Piece {
  readonly offset: number
  readonly text: string
  readonly tokens: number
  /** The headings that hold for all of it. */
  readonly headingPath: readonly string[]
}

export interface Text {
  readonly text: string
  readonly mediaType: string
  /** Headings in force where the text begins. */
  readonly headings: HeadingSlots
}

/**
 * Cuts a text into pieces, in order. All of it that is not white space is in some piece; no piece has more than
 * `chunk_size` tokens; the same text and settings give the same pieces. A pure function.
 * The strategy `markdown` falls back to `recursive` for text that is not Markdown.
 */
export const chunkText = ({ text, mediaType, headings }: Text, settings: ChunkSettings): Piece[] => {
  const index = new TokenIndex(text)
  const sizes = {
    size: settings.chunk_size,
    overlap: Math.min(settings.chunk_overlap, Math.floor(settings.chunk_size / 2)),
  }
  const cut = (): readonly Cut[] => {
    if (settings.strategy === 'fixed') return fixed(index, sizes)
    if (settings.strategy === 'recursive' || mediaType !== 'text/markdown') return recursive(index, sizes)
    return markdown(index, sizes, headings)
  }
  return cut().map(({ start, end, slots = headings }) => ({
    offset: start,
    text: text.slice(start, end),
    tokens: index.count(start, end),
    headingPath: headingPath(slots),
  }))
}

interface Cut {
  readonly start: number
  readonly end: number
  readonly slots?: HeadingSlots
}
