import { join } from 'node:path'
import { FileOpener, type FileOpenerOptions } from './file-opener.ts'
import type { SourceMistake } from './kind.ts'

/** Where uploads are, a folder for each knowledge base, and how large what is read of them may be. */
export interface UploadsPlace extends Pick<FileOpenerOptions, 'maxBytes' | 'maxStreamedBytes'> {
  readonly folder: string
}

/** What opens the uploads of one knowledge base, and nothing of another; `path` is their folder. */
export const uploadsOf = ({ folder, ...limits }: UploadsPlace, kb: string | null) => {
  if (kb === null || kb === '') throw new Error('Uploads are those of a knowledge base.')
  const path = join(folder, kb)
  return { path, opener: new FileOpener({ roots: [path], ...limits }) }
}

/** How the name of a source says where it reads: a path, or the uploads of its knowledge base. */
export const placeOf = (opener: FileOpener, path: string | undefined): string =>
  path === undefined ? 'uploads' : opener.absolute(path)

/**
 * That there is nothing to read yet. After a deletion of the last file the folder is there, and the source is empty. Of a
 * knowledge base that is not known nothing is said.
 */
export const nothingUploaded = async (place: UploadsPlace, kb: string | null): Promise<readonly SourceMistake[]> => {
  if (kb === null) return []
  const { path, opener } = uploadsOf(place, kb)
  const refusal = await opener.checkSpec({ path })
  if (refusal === null) return []
  if (refusal.code !== 'source_gone') return [{ path: 'uploads', message: refusal.message }]
  const message = `has nothing to read: send files first, with \`penstock upload FILE --kb ${kb}\``
  return [{ path: 'uploads', message }]
}
