/**
 * What a user says about a source. Strict: a field that does not exist is named with its path, never ignored. Shared by
 * the API's contract (which adds what only a running server knows, see `SourceKind.check`) and the sources.
 */
import { z } from 'zod'
import { eventsSpec } from './specs/events.ts'
import { localFilesSpec, markdownSpec, pdfSpec } from './specs/files.ts'
import { structuredSpec } from './specs/structured.ts'
import { websiteSpec } from './specs/website.ts'
import { youtubeSpec } from './specs/youtube.ts'

export const sourceSpec = z.discriminatedUnion('type', [
  markdownSpec,
  localFilesSpec,
  pdfSpec,
  structuredSpec,
  websiteSpec,
  youtubeSpec,
  eventsSpec,
])

export type SourceSpec = z.output<typeof sourceSpec>
export type SourceType = SourceSpec['type']
