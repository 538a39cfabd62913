import type { Output } from './context.ts'

/** Writes a line. */
export const say = (output: Output, line = ''): void => {
  output.write(`${line}\n`)
}

/** Writes one JSON document. */
export const sayJson = (output: Output, value: unknown): void => say(output, JSON.stringify(value, null, 2))

/** 12,345. */
export const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 })

/** `1 document`, `2 documents`. */
export const counted = (count: number, singular: string): string =>
  `${number(count)} ${singular}${count === 1 ? '' : 's'}`

/** Columns under headings, as wide as their longest cell; columns of numbers stand to the right. */
export const table = (headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => {
  const right = headings.map((_, column) => rows.length > 0 && rows.every(row => typeof row[column] === 'number'))
  const cells = [headings, ...rows].map(row => row.map(cell => (typeof cell === 'number' ? number(cell) : cell)))
  const widths = headings.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  return cells.map(row =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** Printable, on one line, at most `length` characters: what came from documents must not steer a terminal. */
export const oneLine = (text: string, length: number): string => {
  const flat = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return flat.length <= length ? flat : `${flat.slice(0, length - 1).trimEnd()}…`
}
