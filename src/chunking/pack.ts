import { firstVisible, type Range, trimmed } from './lines.ts'
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
    if (firstVisible(text, atom.start, atom.end) === atom.end) continue
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
    const before = atom.breaks === true ? done.end : overlapStart(index, done, overlap, floor(atom.start))
    open = { start: tokens(before, atom.end) <= size ? before : atom.start, end: atom.end }
  }
  if (open !== null) chunks.push(trimmed(text, open.start, open.end))
  return chunks
}

/**
 * Where a repeat of at most `overlap` tokens of a chunk's end begins: at a line or a sentence if one begins in the first
 * half of what could be repeated, else at a word. The end of the chunk if nothing fits.
 */
export const overlapStart = (index: TokenIndex, chunk: Range, overlap: number, floor = 0): number => {
  const { text, ends } = index
  const first = ends[index.piecesWithin(chunk.start)] ?? chunk.end
  const from = Math.max(index.backward(chunk.end, overlap), first, floor)
  if (overlap === 0 || from >= chunk.end) return chunk.end
  const fits = (at: number) => {
    const repeat = trimmed(text, at, chunk.end)
    return index.count(repeat.start, repeat.end) <= overlap
  }
  if ((from === floor || text[from - 1] === '\n') && fits(from)) return from
  const tail = text.slice(from, chunk.end)
  const near = (border: RegExp) => {
    const match = border.exec(tail)
    return match && match.index < tail.length / 2 ? [from + match.index + match[0].length] : []
  }
  const candidates = [...near(/\n/), ...near(/[.!?…]["'”’)\]]{0,3}\s|[。！？．]/), ...near(/\s/), from]
  return candidates.find(fits) ?? chunk.end
}
