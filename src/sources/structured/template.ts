/** A text with `{{column}}` in it, which a row fills. */
export interface Template {
  /** The text with the cells of a row; those that are null are empty. */
  filled(cells: readonly (string | null)[]): string
  /** Why a row would fill it past so many characters, naming the columns that have most of them; else null. */
  tooLong(cells: readonly (string | null)[], most: number): string | null
}

/** `what` is what it makes, as messages have it; columns that it names and that are not there are empty. */
export const templateOf = (what: string, text: string, names: readonly string[]): Template => {
  // Texts and names in turns.
  const pieces = text.split(/\{\{([^{}]+)\}\}/).map((piece, i) => (i % 2 === 0 ? piece : names.indexOf(piece.trim())))
  const cellOf = (piece: string | number, cells: readonly (string | null)[]) =>
    typeof piece === 'string' ? piece : (cells[piece] ?? '')
  return {
    filled: cells => pieces.map(piece => cellOf(piece, cells)).join(''),
    tooLong(cells, most) {
      let characters = 0
      const ofColumns = new Map<number, number>()
      for (const piece of pieces) {
        const { length } = cellOf(piece, cells)
        characters += length
        if (typeof piece === 'number') ofColumns.set(piece, (ofColumns.get(piece) ?? 0) + length)
      }
      if (characters <= most) return null
      const longest = [...ofColumns].sort(([, a], [, b]) => b - a).slice(0, columnsNamed)
      const said = longest.map(([i, length]) => `${length} of them from the column ${JSON.stringify(names[i])}`)
      return `its ${what} has ${characters} characters, ${said.join(', ')}; at most ${most} are taken`
    },
  }
}

const columnsNamed = 3
