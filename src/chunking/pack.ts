import { type Range, trimmed } from './lines.ts'
import type { TokenIndex } from './tokens.ts'

/** A range that is not cut any further: it has at most the tokens of a chunk. */
export interface Atom extends Range {
  /** True where a chunk that is well filled should rather end than go on (a heading). */
  readonly breaks?: boolean
}

export interface PackOptions {
  /** Tokens at most. */
  readonly size: number
  /** Tokens that a chunk repeats of the one before. */
  readonly overlap: number
  /** An overlap does not reach before this place (the heading in force); 0 unless given. */
  readonly floor?: (position: number) => number
}

/** Joins neighbours into chunks as full as they can be, and lets each begin with the end of the one before. */
export const pack = (index: TokenIndex, atoms: readonly Atom[], options: PackOptions): Range[] => {
  const { text } = index
  const { size, overlap, floor = () => 0 } = options
  const chunks: Range[] = []
  const tokens = (start: number, end: number): number => {
    const range = trimmed(text, start, end)
    return index.count(range.start, range.end)
  }
  let open: Range | null = null
  for (const atom of atoms) {
    if (open === null) {
      open = atom
      continue
    }
    const full = atom.breaks === true && tokens(open.start, open.end) * 2 >= size
    if (!full && tokens(open.start, atom.end) <= size) {
      open = { start: open.start, end: atom.end }
      continue
    }
    const done = trimmed(text, open.start, open.end)
    chunks.push(done)
    const before =
      atom.breaks === true || overlap === 0 ? atom.start : overlapStart(index, done, overlap, floor(atom.start))
    open = { start: tokens(before, atom.end) <= size ? before : atom.start, end: atom.end }
  }
  if (open !== null) chunks.push(trimmed(text, open.start, open.end))
  return chunks
}

/** Where the last `overlap` tokens of a chunk begin, moved on to the next line, sentence or word. */
const overlapStart = (index: TokenIndex, chunk: Range, overlap: number, floor: number): number => {
  const from = Math.max(index.backward(chunk.end, overlap), chunk.start + 1, floor)
  if (from >= chunk.end) return chunk.end
  const tail = index.text.slice(from, chunk.end)
  if (from === floor || index.text[from - 1] === '\n') return from
  const line = tail.search(/\n/)
  if (line !== -1 && line < tail.length / 2) return from + line + 1
  const sentence = tail.search(/[.!?…]["'”’)\]]{0,3}\s|[。！？．]/)
  if (sentence !== -1 && sentence < tail.length / 2) return from + sentence + 1
  const word = tail.search(/\s/)
  if (word !== -1) return from + word
  return index.text.charCodeAt(from) >>> 10 === 0x37 ? from + 1 : from
}
