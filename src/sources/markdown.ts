import { frontMatterOf } from './front-matter.ts'
import { type Content, type Parse, type ReadFile, textIn } from './readers/reader.ts'

/** A Markdown file. */
export const readMarkdown: ReadFile = async (file, parse) => markdownIn(textIn(file), parse)

/**
 * Markdown: its front matter becomes metadata and title, the rest is its text. What is not YAML stays text, and
 * `front_matter_error` says why.
 */
export const markdownIn = async (text: string, parse: Parse): Promise<Content> => {
  const front = frontMatterOf(text)
  if (front === null) return markdown(text)
  const said = await parse('front_matter', front.yaml)
  if (said === null) return markdown(text)
  if ('error' in said) return { ...markdown(text), metadata: { front_matter_error: said.error } }
  const { title, metadata } = said
  return { ...markdown(text.slice(front.end)), title: title ?? '', offset: front.end, metadata }
}

const markdown = (text: string) => ({ title: '', mediaType: 'text/markdown', text, offset: 0, metadata: {} })
