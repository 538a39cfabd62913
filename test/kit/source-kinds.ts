import { eventsKind } from '../../src/sources/events-kind.ts'
import type { FileOpener } from '../../src/sources/file-opener.ts'
import { filesKind } from '../../src/sources/files-kind.ts'
import type { SourceKinds } from '../../src/sources/kind.ts'
import { readLocalFile } from '../../src/sources/local-files.ts'
import { readMarkdown } from '../../src/sources/markdown.ts'
import type { Parsers } from '../../src/sources/parsing/parsers.ts'
import { memoryFrontiers } from '../../src/sources/website/memory-frontier.ts'
import { websiteKind } from '../../src/sources/website-kind.ts'
import { fetcherWith } from '../sources/fetching/kit.ts'
import { parsersHere } from './parsers-here.ts'

/** The types of sources that read what an opener may open, with the parsers in this process unless given. */
export const kindsOver = (opener: FileOpener, parsers: Parsers = parsersHere): SourceKinds => ({
  markdown: filesKind({ opener, parsers }, readMarkdown),
  local_files: filesKind({ opener, parsers }, readLocalFile),
  website: websiteKind({
    ...{ fetcher: fetcherWith(), parsers, frontiers: memoryFrontiers() },
    memory: { known: async () => new Map() },
  }),
  events: eventsKind,
})
