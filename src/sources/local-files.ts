import { extname } from 'node:path'
import { readMarkdown } from './markdown.ts'
import { readCode } from './readers/code-file.ts'
import { readCsv, readJson } from './readers/data-file.ts'
import { readHtml } from './readers/html-file.ts'
import { readDocx, readXlsx } from './readers/office-file.ts'
import { readPdf } from './readers/pdf-file.ts'
import { type ReadFile, textIn } from './readers/reader.ts'
import { codeExtensions } from './specs/code-extensions.ts'

const text =
  (mediaType: string): ReadFile =>
  async file => ({ title: '', mediaType, text: textIn(file), metadata: {} })

const each = (read: ReadFile, ...extensions: readonly string[]) => extensions.map(one => [`.${one}`, read] as const)

/** How a file is read, by its extension in small letters. */
const readers: ReadonlyMap<string, ReadFile> = new Map([
  ...each(readMarkdown, 'md', 'markdown', 'mdx'),
  ...each(text('text/x-rst'), 'rst'),
  ...each(text('text/asciidoc'), 'adoc', 'asciidoc'),
  ...each(text('text/org'), 'org'),
  ...each(text('application/x-ndjson'), 'ndjson', 'jsonl'),
  ...each(readHtml, 'html', 'htm', 'xhtml'),
  ...each(readPdf, 'pdf'),
  ...each(readDocx, 'docx'),
  ...each(readXlsx, 'xlsx'),
  ...each(readCsv, 'csv', 'tsv'),
  ...each(readJson, 'json'),
  ...Object.values(codeExtensions).flatMap(extensions => each(readCode, ...extensions)),
])

const plain = text('text/plain')

/** A file by its extension, checked by its content; one that no extension names as plain text. */
export const readLocalFile: ReadFile = (file, parse) =>
  (readers.get(extname(file.path).toLowerCase()) ?? plain)(file, parse)
