import { basename, extname } from 'node:path'
import { codeExtensions } from '../specs/code-extensions.ts'
import { type ReadFile, textIn } from './reader.ts'

const languageOf: ReadonlyMap<string, string> = new Map(
  Object.entries(codeExtensions).flatMap(([language, extensions]) => extensions.map(one => [`.${one}`, language])),
)

/** Source code: its text as it stands, `text/x-python`, titled by the file's whole name. */
export const readCode: ReadFile = async file => {
  const language = languageOf.get(extname(file.path).toLowerCase()) ?? 'plain'
  const metadata = { file_type: 'code', code_language: language }
  return { title: basename(file.path), mediaType: `text/x-${language}`, text: textIn(file), metadata }
}
