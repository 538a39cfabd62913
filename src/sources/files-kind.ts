import { sourceIdOf } from '../schemas/identity.ts'
import type { FileOpener } from './file-opener.ts'
import { folderSource } from './folder-source.ts'
import type { SourceKind } from './kind.ts'
import { ListingCaches } from './listing-cache.ts'
import type { Parsers } from './parsing/parsers.ts'
import type { ReadFile } from './readers/reader.ts'
import type { FilesSpec } from './specs/files.ts'
import { nothingUploaded, placeOf, type UploadsPlace, uploadsOf } from './uploaded.ts'

export interface FilesDeps {
  readonly opener: FileOpener
  readonly parsers: Parsers
  readonly uploads: UploadsPlace
}

/** Sources that are a file, a folder of them, or what was uploaded; `read` is what tells them apart. */
export const filesKind = ({ opener, parsers, uploads }: FilesDeps, read: ReadFile): SourceKind<FilesSpec> => {
  const caches = new ListingCaches()
  return {
    id: ({ type, path }) => sourceIdOf({ type, path: placeOf(opener, path) }),
    async check({ path }, kb) {
      if (path === undefined) return nothingUploaded(uploads, kb)
      const refusal = await opener.checkSpec({ path })
      return refusal === null ? [] : [{ path: 'path', message: refusal.message }]
    },
    open({ path, ...filters }, { job: { job_id, kb_id }, index }) {
      const listings = caches.of(`${job_id}/${index}`)
      const common = { read, listings, parsers, asker: job_id }
      const place = path === undefined ? uploadsOf(uploads, kb_id) : { opener, path }
      return folderSource({ ...common, opener: place.opener, spec: { ...filters, path: place.path } })
    },
  }
}
