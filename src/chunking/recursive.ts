import type { Range } from './lines.ts'
import { pack } from './pack.ts'
import { refine } from './refine.ts'
import type { TokenIndex } from './tokens.ts'

/** Paragraphs, lines, sentences and words, the larger ones kept whole where they fit. */
export const recursive = (index: TokenIndex, sizes: { readonly size: number; readonly overlap: number }): Range[] =>
  pack(index, refine(index, sizes.size, { start: 0, end: index.text.length }), sizes)
