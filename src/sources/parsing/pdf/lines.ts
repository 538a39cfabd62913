/** A run of text of one font, as the engine gives it; lengths in points, the origin at the lower left. */
export interface Run {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly width: number
  /** Of the font. */
  readonly size: number
  readonly upright: boolean
  readonly fixed: boolean
  /** Nothing of its line follows. */
  readonly ends: boolean
}

export interface Line {
  readonly text: string
  readonly x: number
  readonly right: number
  readonly y: number
  readonly size: number
  readonly upright: boolean
  /** All of it in a font of fixed width. */
  readonly fixed: boolean
}

type Draft = { -readonly [K in keyof Line]: Line[K] } & { end: boolean; sizes: Map<number, number> }

/** A gap in a line, in widths of the font, that is one between columns rather than words. */
const columnGap = 2

/** Joins runs to pieces of lines, in the order of the page's program; a wide gap ends a piece. */
export const piecesOf = (runs: readonly Run[]): readonly Line[] => {
  const pieces: Draft[] = []
  for (const run of runs) {
    const last = pieces.at(-1)
    const blank = run.text.trim() === ''
    if (last && !last.end && sameLine(last, run) && run.x - last.right < columnGap * run.size) {
      if (blank && run.width >= columnGap * last.size) last.end = true
      else add(last, run)
    } else if (!blank) pieces.push(begun(run))
    const now = pieces.at(-1)
    if (now && run.ends) now.end = true
  }
  return pieces.map(({ sizes, end: _, ...line }) => ({ ...line, text: line.text.trim(), size: mostOf(sizes) }))
}

/** Whether one goes on in the line of another: on its base line, or raised or lowered a little, and not before it. */
const sameLine = (
  line: Pick<Line, 'y' | 'size' | 'right' | 'upright'>,
  next: Pick<Run, 'y' | 'x' | 'size' | 'upright'>,
) =>
  line.upright === next.upright &&
  Math.abs(line.y - next.y) < 0.6 * Math.max(line.size, next.size) &&
  next.x > line.right - Math.max(line.size, next.size)

const begun = (run: Run): Draft => ({
  ...{ text: run.text, x: run.x, right: run.x + run.width, y: run.y, size: run.size, upright: run.upright },
  ...{ fixed: run.fixed, end: false, sizes: new Map([[run.size, run.text.length]]) },
})

const add = (line: Draft, run: Run): void => {
  const gap = run.x - line.right
  const spaced = /\s$/.test(line.text) || /^\s/.test(run.text)
  line.text += gap > 0.2 * run.size && !spaced ? ` ${run.text}` : run.text
  line.right = Math.max(line.right, run.x + run.width)
  if (run.text.trim() === '') return
  line.fixed &&= run.fixed
  line.sizes.set(run.size, (line.sizes.get(run.size) ?? 0) + run.text.length)
}

/** The number that stands for most. */
export const mostOf = (counts: ReadonlyMap<number, number>): number => {
  let best = 0
  for (const [value, count] of counts) if (count > (counts.get(best) ?? 0)) best = value
  return best
}

/** Joins the pieces of each line that follow one another; a wide gap becomes two blanks, or as many as it has in code. */
export const joined = (pieces: readonly Line[]): readonly Line[] => {
  const lines: Line[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    if (!last || !sameRow(last, piece)) {
      lines.push(piece)
      continue
    }
    const blanks = last.fixed && piece.fixed ? Math.round((piece.x - last.right) / widthOf(piece)) : 2
    const text = `${last.text}${' '.repeat(Math.min(80, Math.max(1, blanks)))}${piece.text}`
    lines[lines.length - 1] = { ...last, text, right: piece.right, fixed: last.fixed && piece.fixed }
  }
  return lines
}

export const sameRow = (left: Line, right: Line): boolean => sameLine(left, right) && right.x >= left.right

/** Of one character. */
export const widthOf = ({ x, right, text }: Line): number => (right - x) / Math.max(1, text.length)
