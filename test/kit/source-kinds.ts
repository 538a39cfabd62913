import { eventsKind } from '../../src/sources/events-kind.ts'
import type { FileOpener } from '../../src/sources/file-opener.ts'
import { filesKind } from '../../src/sources/files-kind.ts'
import type { SourceKinds } from '../../src/sources/kind.ts'
import { readLocalFile } from '../../src/sources/local-files.ts'
import { readMarkdown } from '../../src/sources/markdown.ts'
import type { Parsers } from '../../src/sources/parsing/parsers.ts'
import { readPdf } from '../../src/sources/readers/pdf-file.ts'
import { structuredKind } from '../../src/sources/structured/structured-kind.ts'
import { memoryFrontiers } from '../../src/sources/website/memory-frontier.ts'
import { websiteKind } from '../../src/sources/website-kind.ts'
import { youtubeKind } from '../../src/sources/youtube-kind.ts'
import { fetcherWith } from '../sources/fetching/kit.ts'
import { parsersHere } from './parsers-here.ts'

/** The types of sources that read what an opener may open, with the parsers in this process unless given. */
export const kindsOver = (
  opener: FileOpener,
  parsers: Parsers = parsersHere,
  uploads = { folder: '/nowhere', maxBytes: 1024 * 1024 },
): SourceKinds => ({
  markdown: filesKind({ opener, parsers, uploads }, readMarkdown),
  local_files: filesKind({ opener, parsers, uploads }, readLocalFile),
  pdf: filesKind({ opener, parsers, uploads }, readPdf),
  website: websiteKind({
    ...{ fetcher: fetcherWith(), parsers, frontiers: memoryFrontiers() },
    memory: { known: async () => new Map() },
  }),
  youtube: youtubeKind({ fetcher: fetcherWith(), endpoint: new URL('http://127.0.0.1:1') }),
  events: eventsKind,
  structured: structuredKind({ opener, parsers, uploads }),
})
