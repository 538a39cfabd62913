import { Reject } from '../../runtime/errors.ts'
import type { PdfPages } from '../parsing/pdf.ts'
import { lastName } from './name.ts'
import type { ReadFile } from './reader.ts'

/** In characters; pages may share what they show, so that a small file has any number of them. */
const mostText = 32 * 1024 * 1024

/** The engine looks no further for the mark of a PDF. */
const looked = 1024

/** A PDF: the text of its pages, each below a heading `## Page 12`, so that a hit names its page. */
export const readPdf: ReadFile = async ({ bytes, path }, parse) => {
  if (!bytes.subarray(0, looked).includes('%PDF-'))
    throw new Reject(
      'not_a_pdf',
      `${path} is no PDF, although it is named so. Leave it out, or name it for what it is.`,
    )
  const texts: string[] = []
  const empty: number[] = []
  let first: PdfPages | null = null
  let characters = 0
  for (let from: number | null = 1; from !== null; ) {
    const read: PdfPages = await parse('pdf', { bytes, from })
    first ??= read
    texts.push(read.text)
    characters += read.text.length
    if (characters > mostText)
      throw new Reject('too_much_text', `${path} has more than ${mostText} characters of text. Split it.`)
    empty.push(...read.empty)
    from = read.next
  }
  const { title, metadata, pages } = first!
  if (empty.length === pages)
    throw new Reject(
      'scanned_pdf',
      `${path} has ${pages} pages and no text: they are pictures, scanned or drawn. Give it a text layer (ocrmypdf), then load it again.`,
    )
  return {
    ...{ title: title || lastName(path), mediaType: 'text/markdown', text: texts.join('').trimEnd() },
    metadata: {
      ...{ ...metadata, file_type: 'pdf', pages: String(pages) },
      ...(empty.length === 0 ? {} : { pages_without_text: rangesOf(empty) }),
    },
  }
}

/** `1-3, 7`; at most 200 characters. */
export const rangesOf = (numbers: readonly number[]): string => {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last && last[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  const text = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
  return text.length > 200 ? `${text.slice(0, 200).replace(/,[^,]*$/, '')}, …` : text
}
