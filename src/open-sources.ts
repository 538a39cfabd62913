import type { Config } from './config.ts'
import { eventsKind } from './sources/events-kind.ts'
import { FileOpener } from './sources/file-opener.ts'
import { filesKind } from './sources/files-kind.ts'
import type { SourceKinds } from './sources/kind.ts'
import { readLocalFile } from './sources/local-files.ts'
import { readMarkdown } from './sources/markdown.ts'
import type { Parsers } from './sources/parsing/parsers.ts'
import { type WebsiteDeps, websiteKind } from './sources/website-kind.ts'

/** What websites are read with, in this process. */
export type WebParts = Omit<WebsiteDeps, 'parsers'>

/** Every type of source, as this installation allows it. */
export const sourceKinds = ({ sources }: Config, parsers: Parsers, web: WebParts): SourceKinds => {
  const opener = new FileOpener({ roots: sources.fileRoots, maxBytes: sources.maxFileBytes })
  const files = { opener, parsers }
  return {
    markdown: filesKind(files, readMarkdown),
    local_files: filesKind(files, readLocalFile),
    website: websiteKind({ ...web, parsers }),
    events: eventsKind,
  }
}
