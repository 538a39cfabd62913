import { type Line, sameRow } from './lines.ts'

/**
 * The pieces of a page in the order in which they are read. That of the page's program is taken as it is, for whoever
 * set the page wrote it column by column, unless it shows that it is not: it goes up again within a column, or goes to
 * and fro between two columns of prose. Then the white space between the columns decides. What is not upright comes last.
 */
export const inReadingOrder = (pieces: readonly Line[]): readonly Line[] => {
  const upright = pieces.filter(piece => piece.upright)
  const turned = pieces.filter(piece => !piece.upright)
  return [...(isDisordered(upright) ? byWhiteSpace(upright, 0) : upright), ...turned]
}

const overlaps = (a: Line, b: Line) => a.x < b.right && b.x < a.right

const isDisordered = (pieces: readonly Line[]): boolean => {
  let ups = 0
  let across = 0
  for (const [i, piece] of pieces.entries()) {
    const before = pieces[i - 1]
    if (!before) continue
    if (overlaps(before, piece) && piece.y > before.y + 0.6 * piece.size) ups += 1
    if (sameRow(before, piece) && before.text.length > proseLength && piece.text.length > proseLength) across += 1
  }
  return ups > 2 + pieces.length / 10 || across >= 6
}

/** A column of prose has lines of so many characters; the cells of a table seldom do. */
const proseLength = 24
const deepest = 12

/** Cuts at the widest white space across the page or down it, and so on in both halves; then from top to bottom. */
const byWhiteSpace = (pieces: readonly Line[], depth: number): readonly Line[] => {
  const downward = () => [...pieces].sort((a, b) => (Math.abs(b.y - a.y) < 0.4 * a.size ? a.x - b.x : b.y - a.y))
  if (pieces.length < 3 || depth === deepest) return downward()
  const size = pieces.reduce((sum, piece) => sum + piece.size, 0) / pieces.length
  const gutter = widestGap(pieces.map(({ x, right }) => [x, right]))
  if (gutter && gutter.width > size) {
    const left = pieces.filter(({ x }) => x < gutter.at)
    const right = pieces.filter(({ x }) => x >= gutter.at)
    if (left.length > 2 && right.length > 2)
      return [...byWhiteSpace(left, depth + 1), ...byWhiteSpace(right, depth + 1)]
  }
  const gap = widestGap(pieces.map(({ y, size: height }) => [y, y + height]))
  if (!gap || gap.width < 0.2 * size) return downward()
  const above = pieces.filter(({ y }) => y >= gap.at)
  const below = pieces.filter(({ y }) => y < gap.at)
  return [...byWhiteSpace(above, depth + 1), ...byWhiteSpace(below, depth + 1)]
}

const widestGap = (spans: readonly (readonly [number, number])[]): { at: number; width: number } | null => {
  const sorted = [...spans].sort((a, b) => a[0] - b[0])
  let reached = sorted[0]![1]
  let best: { at: number; width: number } | null = null
  for (const [from, to] of sorted) {
    if (from - reached > (best?.width ?? 0)) best = { at: from, width: from - reached }
    reached = Math.max(reached, to)
  }
  return best
}
