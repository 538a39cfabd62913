import { firstVisible, type Range, trimmed } from './lines.ts'
import { overlapStart } from './pack.ts'
import { withinPiece } from './refine.ts'
import type { TokenIndex } from './tokens.ts'

/** Windows of `size` tokens, each beginning with the last `overlap` of the one before; words stay whole. */
export const fixed = (index: TokenIndex, sizes: { readonly size: number; readonly overlap: number }): Range[] => {
  const { text } = index
  const { size, overlap } = sizes
  const windows: Range[] = []
  const stop = text.trimEnd().length
  let start = firstVisible(text, 0, stop)
  while (start < stop) {
    const end = windowEnd(index, size, start, stop)
    windows.push({ start, end })
    if (end >= stop) break
    const next = firstVisible(text, end, stop)
    const back = firstVisible(text, overlapStart(index, { start, end }, overlap), stop)
    start = back < end && windowEnd(index, size, back, stop) > next ? back : next
  }
  return windows
}

/** The farthest piece border that leaves at most `size` tokens, or a place inside the first piece if that has more. */
const windowEnd = (index: TokenIndex, size: number, start: number, stop: number): number => {
  const { text, ends } = index
  let end = Math.min(index.forward(start, size), stop)
  for (let piece = index.piecesWithin(end) - 1; end > start; piece--) {
    const window = trimmed(text, start, end)
    if (window.end > start && index.count(start, window.end) <= size) return window.end
    end = piece > 0 ? (ends[piece - 1] as number) : 0
  }
  return withinPiece(index, size, start, stop)
}
