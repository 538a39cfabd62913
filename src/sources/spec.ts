/**
 * What a user says about a source. Strict: a field that does not exist is named with its path, never ignored. Shared by
 * the API's contract (which adds what only a running server knows, see `SourceKind.check`) and the sources.
 */
import { z } from 'zod'
import { eventsSpec } from './specs/events.ts'
import { localFilesSpec, markdownSpec } from './specs/files.ts'
import { websiteSpec } from './specs/website.ts'

export const sourceSpec = z.discriminatedUnion('type', [markdownSpec, localFilesSpec, websiteSpec, eventsSpec])

export type SourceSpec = z.output<typeof sourceSpec>
export type SourceType = SourceSpec['type']
