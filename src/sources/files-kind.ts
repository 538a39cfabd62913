import { sourceIdOf } from '../schemas/identity.ts'
import type { FileOpener } from './file-opener.ts'
import { folderSource, type ReadText } from './folder-source.ts'
import type { SourceKind } from './kind.ts'
import { ListingCaches } from './listing-cache.ts'
import type { Parsers } from './parsing/parsers.ts'
import type { FilesSpec } from './specs/files.ts'

export interface FilesDeps {
  readonly opener: FileOpener
  readonly parsers: Parsers
}

/** Sources that are a file or a folder of them; `read` is what tells them apart. */
export const filesKind = ({ opener, parsers }: FilesDeps, read: ReadText): SourceKind<FilesSpec> => {
  const caches = new ListingCaches()
  return {
    id: ({ type, path }) => sourceIdOf({ type, path: opener.absolute(path) }),
    async check({ path }) {
      const refusal = await opener.checkSpec({ path })
      return refusal === null ? [] : [{ path: 'path', message: refusal.message }]
    },
    open(spec, { job: { job_id }, index }) {
      const listings = caches.of(`${job_id}/${index}`)
      return folderSource({ opener, spec, read, listings, parsers, asker: job_id })
    },
  }
}
