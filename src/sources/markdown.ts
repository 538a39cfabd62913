import type { ReadText } from './folder-source.ts'
import { frontMatterOf } from './front-matter.ts'

/**
 * A Markdown file: its front matter becomes metadata and title, the rest is its text. What is not YAML stays text, and
 * `front_matter_error` says why.
 */
export const readMarkdown: ReadText = async (text, _path, parse) => {
  const front = frontMatterOf(text)
  if (front === null) return markdown(text)
  const said = await parse('front_matter', front.yaml)
  if (said === null) return markdown(text)
  if ('error' in said) return { ...markdown(text), metadata: { front_matter_error: said.error } }
  const { title, metadata } = said
  return { ...markdown(text.slice(front.end)), title: title ?? '', offset: front.end, metadata }
}

const markdown = (text: string) => ({ title: '', mediaType: 'text/markdown', text, offset: 0, metadata: {} })
