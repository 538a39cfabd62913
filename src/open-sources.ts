import type { Config } from './config.ts'
import { eventsKind } from './sources/events-kind.ts'
import { FileOpener } from './sources/file-opener.ts'
import { filesKind } from './sources/files-kind.ts'
import type { SourceKinds } from './sources/kind.ts'
import { readLocalFile } from './sources/local-files.ts'
import { readMarkdown } from './sources/markdown.ts'
import type { Parsers } from './sources/parsing/parsers.ts'
import { readPdf } from './sources/readers/pdf-file.ts'
import { structuredKind } from './sources/structured/structured-kind.ts'
import type { UploadsPlace } from './sources/uploaded.ts'
import { type WebsiteDeps, websiteKind } from './sources/website-kind.ts'
import { youtubeKind } from './sources/youtube-kind.ts'
import { uploadDirOf } from './upload-dir.ts'

/** What websites are read with, in this process. */
export type WebParts = Omit<WebsiteDeps, 'parsers'>

/** The one opener of source paths, as this installation allows them. */
export const fileOpener = (config: Pick<Config, 'dataDir' | 'sources'>): FileOpener => {
  const { fileRoots: roots, maxFileBytes: maxBytes, maxStreamedBytes } = config.sources
  // What users sent is read by their knowledge base alone, also where a root is above it.
  return new FileOpener({ roots, closed: [uploadDirOf(config)], maxBytes, maxStreamedBytes })
}

/** Where sources read what users sent. */
export const uploadsPlace = (config: Pick<Config, 'dataDir' | 'sources'>): UploadsPlace => {
  const { maxFileBytes: maxBytes, maxStreamedBytes } = config.sources
  return { folder: uploadDirOf(config), maxBytes, maxStreamedBytes }
}

/** Every type of source, as this installation allows it. */
export const sourceKinds = (
  config: Pick<Config, 'dataDir' | 'sources'>,
  parsers: Parsers,
  web: WebParts,
): SourceKinds => {
  const { sources } = config
  const uploads = uploadsPlace(config)
  const opener = fileOpener(config)
  const files = { opener, parsers, uploads }
  return {
    markdown: filesKind(files, readMarkdown),
    local_files: filesKind(files, readLocalFile),
    pdf: filesKind(files, readPdf),
    website: websiteKind({ ...web, parsers }),
    youtube: youtubeKind({ fetcher: web.fetcher, endpoint: new URL(sources.youtubeUrl) }),
    events: eventsKind,
    structured: structuredKind(files),
  }
}
