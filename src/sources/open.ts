import { Fatal } from '../runtime/errors.ts'
import { sourceIdOf } from '../schemas/identity.ts'
import type { FileOpener } from './file-opener.ts'
import { folderSource, type ReadText } from './folder-source.ts'
import { ListingCaches } from './listing-cache.ts'
import { readLocalFile } from './local-files.ts'
import { readMarkdown } from './markdown.ts'
import type { Parsers } from './parsing/parsers.ts'
import type { OpenSource, ReadableSource, SourcesOf } from './source.ts'
import { type SourceSpec, sourceSpec } from './spec.ts'

const readers: Readonly<Record<SourceSpec['type'], ReadText>> = { markdown: readMarkdown, local_files: readLocalFile }

/** Opens the sources of jobs by their specs; one for a process. Throws Fatal `invalid_source` for what is no spec. */
export const sourceOpener = (opener: FileOpener, parsers: Parsers): OpenSource<ReadableSource> => {
  const caches = new ListingCaches()
  return (job, index) => {
    const spec = specOf(job, index)
    const listings = caches.of(`${job.job_id}/${index}`)
    return {
      source: folderSource({ opener, spec, read: readers[spec.type], listings, parsers, asker: job.job_id }),
      id: sourceIdOf({ type: spec.type, path: opener.absolute(spec.path) }),
    }
  }
}

const specOf = (job: SourcesOf, index: number): SourceSpec => {
  const text = job.sources[index]
  if (text === undefined) throw new Fatal('invalid_source', `The job has no source ${index}.`)
  const parsed = sourceSpec.safeParse(jsonOf(text, index))
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(issue => `${issue.path.join('.') || 'source'} ${issue.message}`)
  throw new Fatal('invalid_source', `Source ${index} of the job cannot be used: ${issues.join('; ')}.`, {
    cause: parsed.error,
  })
}

const jsonOf = (text: string, index: number): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Fatal('invalid_source', `Source ${index} of the job is not JSON.`, { cause: error })
  }
}
