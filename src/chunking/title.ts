import { plainTitle } from './headings.ts'
import { markdownBlocks } from './markdown-blocks.ts'

/** How much of a document is searched for a heading that can serve as its title. */
const searched = 16 * 1024
const longest = 500

/** The title of a document: its own, else its first heading if it is Markdown, else the last segment of its uri. */
export const titleOf = (one: {
  readonly title: string
  readonly mediaType: string
  readonly text: string
  readonly uri: string
}): string => {
  const heading = one.mediaType === 'text/markdown' ? () => firstHeading(one.text) : () => ''
  return (one.title.trim() || heading() || lastSegment(one.uri)).slice(0, longest).replace(/[\uD800-\uDBFF]$/, '')
}

const firstHeading = (text: string): string => {
  for (const { level, title } of markdownBlocks(text.slice(0, searched))) {
    const plain = level > 0 ? plainTitle(title) : ''
    if (plain !== '') return plain
  }
  return ''
}

const lastSegment = (uri: string): string => {
  const name =
    uri
      .replace(/[/?#]+$/, '')
      .split('/')
      .at(-1) || uri
  try {
    return decodeURIComponent(name)
  } catch {
    // Percent signs that are no UTF-8 escapes stay as they are.
    return name
  }
}
