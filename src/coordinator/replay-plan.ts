import type { EntityManager } from '@mikro-orm/postgresql'
import { eventsSource } from '../schemas/identity.ts'
import type { DocumentContent, Edit, ReplayDocument, ReplayPlan, Selection } from './dead-letters.ts'
import { JobRow } from './entities.ts'
import type { Submission } from './jobs.ts'
import { letters, selected, stateOf, uriOf } from './open-letters.ts'

/** The identity of a source inside a kb, which its documents carry. */
export type SourceId = (source: Submission['sources'][number]) => string

export interface PlanOptions {
  readonly sourceId: SourceId
}

/** Documents that one replay takes. */
const mostDocuments = 100_000

interface Candidate {
  readonly document_id: string | null
  readonly uri: string | null
  readonly source: string | null
  readonly letters: string
  /** The run that its active version is of, where none of its chunks was rejected. */
  readonly complete_in: string | null
  readonly stored: DocumentContent | null
}

/** What a replay of this selection would load; null when there is no such job. */
export const planReplay = async (
  tx: EntityManager,
  { sourceId }: PlanOptions,
  jobId: string,
  selection: Selection,
  edits: readonly Edit[],
): Promise<ReplayPlan | null> => {
  const job = await tx.findOne(JobRow, { id: jobId })
  if (!job) return null
  const candidates = await candidatesOf(tx, jobId, selection)
  const edited = new Map(edits.map(({ document_id, ...content }) => [document_id, content]))
  const { sources } = job.submission
  // An event that is loaded again would replace what was published after it, and have the greater version.
  const readable = sources.filter(({ type }) => type !== eventsSource)
  const indexes = new Map(readable.map(source => [sourceId(source), sources.indexOf(source)]))

  const documents: ReplayDocument[] = []
  const counts = { dead_letters: 0, not_replayable: 0, superseded: 0, left: 0 }
  for (const { document_id, uri, source, letters, complete_in, stored } of candidates) {
    const source_index = source === null ? undefined : indexes.get(source)
    const edit = document_id === null ? undefined : edited.get(document_id)
    if (document_id === null || uri === null || source_index === undefined) counts.not_replayable += Number(letters)
    else if (complete_in !== null && Number(complete_in) > job.run && !edit) counts.superseded += Number(letters)
    else if (documents.length === mostDocuments) counts.left += 1
    else {
      counts.dead_letters += Number(letters)
      const content = { edited: edit ?? null, stored }
      documents.push({ document_id, uri, source_index, dead_letters: Number(letters), ...content })
    }
  }
  const planned = new Set(documents.map(({ document_id }) => document_id))
  const unknown_edits = [...edited.keys()].filter(id => !planned.has(id))
  return { job_id: jobId, kb_id: job.kbId, sources, documents, ...counts, unknown_edits }
}

/** The documents of which the selection has an open dead letter, each with all its open ones. */
const candidatesOf = (tx: EntityManager, jobId: string, selection: Selection): Promise<Candidate[]> => {
  const { sql, values } = selected(jobId, selection)
  return tx.execute<Candidate[]>(
    `with chosen as (
       select l.document_id, count(*) as letters from ${letters} where ${sql} and ${stateOf} = 'open' group by 1)
     select l.document_id, max(${uriOf}) as uri, max(coalesce(l.source, d.source)) as source,
       max(d.active_version >> 32) filter (where d.stubs = 0) as complete_in,
       case when l.document_id is null then max(c.letters) else count(*) end as letters,
       (array_agg(jsonb_build_object('title', l.input->>'title', 'media_type', l.input->>'media_type',
            'metadata', l.input->'metadata', 'text', l.input->>'text') order by l.lane, l.position)
          filter (where l.input->>'type' = 'document' and l.input->>'parts' = '1'))[1] as stored
     from ${letters} join chosen c on c.document_id is not distinct from l.document_id
     where l.job_id = ? and ${stateOf} = 'open'
     group by l.document_id order by source, uri, l.document_id`,
    [...values, jobId],
  )
}
