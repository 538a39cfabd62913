import { extname } from 'node:path'
import type { ReadText } from './folder-source.ts'
import { readMarkdown } from './markdown.ts'

const mediaTypes: Readonly<Record<string, string>> = {
  '.md': 'text/markdown',
  '.markdown': 'text/markdown',
  '.mdx': 'text/markdown',
  '.rst': 'text/x-rst',
  '.adoc': 'text/asciidoc',
  '.asciidoc': 'text/asciidoc',
  '.org': 'text/org',
}

/** A file by its extension: Markdown as Markdown, anything else as plain text. */
export const readLocalFile: ReadText = async (text, path, parse) => {
  const mediaType = mediaTypes[extname(path).toLowerCase()] ?? 'text/plain'
  return mediaType === 'text/markdown' ? readMarkdown(text, path, parse) : { title: '', mediaType, text, metadata: {} }
}
