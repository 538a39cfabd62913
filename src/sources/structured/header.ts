import { distance } from 'fastest-levenshtein'
import type { SourceMistake } from '../kind.ts'
import type { TableMapping } from '../specs/mapping.ts'

/** What the mapping calls the column of the file. */
export const headerName = ({ column, name }: TableMapping['columns'][number]): string => column ?? name

/**
 * Where each column of a mapping is in the rows of a file, from 0, or every mistake in that; `header` is the first row of
 * the file, its names where it has any, and `at` the path of the table in the mapping.
 */
export const placesOf = (
  { columns, ignore, header: named = true }: TableMapping,
  header: readonly string[],
  file: string,
  at: string,
): readonly number[] | readonly SourceMistake[] => {
  const mistakes: SourceMistake[] = []
  const twice = named ? header.filter((one, i) => header.indexOf(one) < i) : []
  const places = columns.map((column, i) => {
    const wrong = (field: string, message: string) => mistakes.push({ path: `${at}.columns[${i}].${field}`, message })
    if (!named) {
      const place = column.position! - 1
      if (place >= header.length) wrong('position', `is past the ${header.length} cells of the first row of ${file}`)
      return place
    }
    const name = headerName(column)
    const field = column.column === undefined ? 'name' : 'column'
    const place = header.indexOf(name)
    if (place < 0) wrong(field, `names the column ${quoted(name)}, which ${file} has not${nearest(name, header)}`)
    if (twice.includes(name)) wrong(field, `names the column ${quoted(name)}, which ${file} has more than once`)
    return place
  })
  const extra =
    named && ignore !== '*' ? header.filter((name, i) => !places.includes(i) && !(ignore ?? []).includes(name)) : []
  for (const name of extra) {
    const open = columns.filter((_, i) => places[i] === -1).map(headerName)
    const message = `does not map the column ${quoted(name)} of ${file}${nearest(name, open)}; map it, or name it in \`ignore\``
    mistakes.push({ path: `${at}.columns`, message })
  }
  for (const name of named && ignore !== '*' ? (ignore ?? []).filter(one => !header.includes(one)) : [])
    mistakes.push({
      path: `${at}.ignore`,
      message: `names the column ${quoted(name)}, which ${file} has not${nearest(name, header)}`,
    })
  return mistakes.length > 0 ? mistakes : places
}

export const isMistakes = (found: readonly number[] | readonly SourceMistake[]): found is readonly SourceMistake[] =>
  typeof found[0] === 'object'

const quoted = (name: string): string => JSON.stringify(name)

/** ` (is it "Order No"?)` where a name is near enough to have been meant. */
export const nearest = (name: string, among: readonly string[]): string => {
  const far = (one: string) => distance(one.toLowerCase(), name.toLowerCase())
  const [best] = [...among].sort((a, b) => far(a) - far(b))
  return best !== undefined && far(best) <= Math.max(2, Math.floor(name.length / 3)) ? ` (is it ${quoted(best)}?)` : ''
}
