import { lastName } from './name.ts'
import { type ReadFile, textIn } from './reader.ts'

/** A file of comma-separated values (or `;`, tabs): each row as lines `column: value`, by the names of its first row. */
export const readCsv: ReadFile = async (file, parse) => {
  const { markdown, rows, delimiter } = await parse('csv', textIn(file))
  const metadata = { file_type: 'csv', rows: String(rows), delimiter: delimiter === '\t' ? 'tab' : delimiter }
  return { title: lastName(file.path), mediaType: 'text/markdown', text: markdown, metadata }
}

/** JSON: as it stands where it has lines, else laid out in lines. What is not valid is text all the same, and says why. */
export const readJson: ReadFile = async (file, parse) => {
  const { text, error } = await parse('json', textIn(file))
  const metadata = { file_type: 'json', ...(error === null ? {} : { json_error: error }) }
  return { title: lastName(file.path), mediaType: 'application/json', text, metadata }
}
