import { Reject } from '../../runtime/errors.ts'
import type { Cells } from './office/cells.ts'

/** So many cells of one file are text for search; a larger table is one to be queried. */
export const mostCells = 200_000

/**
 * Makes text of the rows of a table: the first row with two cells or more names the columns, and each row after it becomes
 * lines `column: value`. What stands alone before is text. Throws a Reject `table_too_large`.
 */
export class RowText {
  readonly #blocks: string[] = []
  #names: Cells | null = null
  #cells = 0
  #rows = 0

  /** Rows below the names. */
  get rows(): number {
    return this.#rows
  }

  heading(title: string): void {
    this.#blocks.push(`## ${title.replace(/\s+/g, ' ')}`)
    this.#names = null
  }

  add(cells: Cells): void {
    this.#cells += cells.size
    if (this.#cells > mostCells)
      throw new Reject(
        'table_too_large',
        `it has more than ${mostCells} cells; load it as a source of type structured, or split it`,
      )
    if (this.#names !== null) {
      this.#rows += 1
      const names = this.#names
      this.#blocks.push(
        [...cells].map(([column, value]) => `${names.get(column) ?? letterOf(column)}: ${value}`).join('\n'),
      )
    } else if (cells.size > 1) this.#names = cells
    else this.#blocks.push([...cells.values()].join(''))
  }

  /** All of it; a table of names alone says them. */
  text(): string {
    if (this.#rows === 0 && this.#names) this.#blocks.push([...this.#names.values()].join(', '))
    return this.#blocks.join('\n\n')
  }
}

/** What a column is called that has no name: its letters, as a spreadsheet shows them. */
const letterOf = (column: number): string =>
  (column >= 26 ? letterOf(Math.floor(column / 26) - 1) : '') + String.fromCharCode(65 + (column % 26))
