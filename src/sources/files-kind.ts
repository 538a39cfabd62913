import { join } from 'node:path'
import { sourceIdOf } from '../schemas/identity.ts'
import { FileOpener } from './file-opener.ts'
import { folderSource } from './folder-source.ts'
import type { SourceKind } from './kind.ts'
import { ListingCaches } from './listing-cache.ts'
import type { Parsers } from './parsing/parsers.ts'
import type { ReadFile } from './readers/reader.ts'
import type { FilesSpec } from './specs/files.ts'

export interface FilesDeps {
  readonly opener: FileOpener
  readonly parsers: Parsers
  /** Where uploads are, a folder for each knowledge base. */
  readonly uploads: { readonly folder: string; readonly maxBytes: number }
}

/** Sources that are a file, a folder of them, or what was uploaded; `read` is what tells them apart. */
export const filesKind = ({ opener, parsers, uploads }: FilesDeps, read: ReadFile): SourceKind<FilesSpec> => {
  const caches = new ListingCaches()
  const uploaded = new FileOpener({ roots: [uploads.folder], maxBytes: uploads.maxBytes })
  return {
    id: ({ type, path }) => sourceIdOf({ type, path: path === undefined ? 'uploads' : opener.absolute(path) }),
    async check({ path }) {
      if (path === undefined) return []
      const refusal = await opener.checkSpec({ path })
      return refusal === null ? [] : [{ path: 'path', message: refusal.message }]
    },
    open({ path, ...filters }, { job: { job_id, kb_id }, index }) {
      const listings = caches.of(`${job_id}/${index}`)
      const common = { read, listings, parsers, asker: job_id }
      if (path === undefined && kb_id === '') throw new Error('Uploads are those of a knowledge base.')
      if (path !== undefined) return folderSource({ ...common, opener, spec: { ...filters, path } })
      return folderSource({ ...common, opener: uploaded, spec: { ...filters, path: join(uploads.folder, kb_id) } })
    },
  }
}
