import { Fatal } from '../runtime/errors.ts'
import { kindOf, type SourceKinds } from './kind.ts'
import type { OpenSource, ReadableSource, SourcesOf } from './source.ts'
import { type SourceSpec, sourceSpec } from './spec.ts'

/** Opens the sources of jobs by their specs; one for a process. Throws Fatal `invalid_source` for what is no spec. */
export const sourceOpener =
  (kinds: SourceKinds): OpenSource<ReadableSource> =>
  (job, index) => {
    const spec = specOf(job, index)
    const kind = kindOf(kinds, spec)
    return { source: kind.open(spec, { job, index }), id: kind.id(spec) }
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
