import type { ReadText } from './folder-source.ts'
import { frontMatterOf } from './front-matter.ts'

/** A Markdown file: its front matter becomes metadata and title, the rest is its text. */
export const readMarkdown: ReadText = text => {
  const front = frontMatterOf(text)
  const start = front?.end ?? 0
  return {
    title: front?.title ?? '',
    mediaType: 'text/markdown',
    text: text.slice(start),
    offset: start,
    metadata: front?.metadata ?? {},
  }
}
