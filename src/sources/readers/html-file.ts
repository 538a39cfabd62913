import { Reject } from '../../runtime/errors.ts'
import { textOf } from '../fetching/charset.ts'
import type { ReadFile } from './reader.ts'

/** An HTML file, in the encoding that it says: its main text as Markdown, its links as they are written. */
export const readHtml: ReadFile = async ({ bytes, path }, parse) => {
  const html = textOf(bytes, null)
  if (html === null)
    throw new Reject('unknown_encoding', `${path} is in an encoding that is read no more. Save it as UTF-8.`)
  if (html.includes('\0')) throw new Reject('binary_content', `${path} holds binary content, not HTML.`)
  const { title, language, markdown, metadata } = await parse('html', { html, url: null })
  if (markdown === '')
    throw new Reject('no_text', `${path} has no text: it is empty, or all frames, scripts and pictures.`)
  const said = { ...metadata, ...(language === null ? {} : { language }), file_type: 'html' }
  return { title, mediaType: 'text/markdown', text: markdown, metadata: said }
}
