import { parse } from 'csv-parse/sync'
import { messageOf, Reject } from '../../runtime/errors.ts'
import { RowText } from './rows.ts'

export interface CsvText {
  readonly markdown: string
  readonly rows: number
  readonly delimiter: string
}

/**
 * Comma-separated values as text for search. The delimiter is the one of `,`, `;`, tab and `|` that the first lines agree
 * on; quotes that do not fit are text. Throws a Reject `broken_csv` or `table_too_large`.
 */
export const parseCsv = (text: string): CsvText => {
  const delimiter = delimiterOf(text)
  const out = new RowText()
  const take = (record: readonly string[]) => {
    const cells = new Map(
      record
        .map((value, column) => [column, value.replace(/\s+/g, ' ').trim()] as const)
        .filter(([, value]) => value !== ''),
    )
    if (cells.size > 0) out.add(cells)
    return null
  }
  try {
    parse(text, {
      ...{ delimiter, relax_quotes: true, relax_column_count: true },
      skip_empty_lines: true,
      on_record: take,
    })
  } catch (error) {
    if (error instanceof Reject) throw error
    throw new Reject('broken_csv', `it is not valid CSV (${messageOf(error)})`, { cause: error })
  }
  return { markdown: out.text(), rows: out.rows, delimiter }
}

const delimiters = [',', ';', '\t', '|'] as const
const sampled = 20

/** The one that most lines at the start have equally often, and most of it; a comma where none does. */
const delimiterOf = (text: string): string => {
  const lines = text
    .slice(0, 64 * 1024)
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')
    .slice(0, sampled)
    .map(line => line.replace(/"[^"]*"/g, ''))
  const score = (delimiter: string) => {
    const counts = lines.map(line => line.split(delimiter).length - 1)
    const first = counts[0] ?? 0
    return first === 0 ? 0 : counts.filter(count => count === first).length * 1000 + first
  }
  return delimiters.reduce((best, one) => (score(one) > score(best) ? one : best), delimiters[0] as string)
}
