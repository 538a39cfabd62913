import type { Pool, PoolClient } from 'pg'
import type { Job } from '../coordinator/job-state.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import { sourceIdOf } from '../schemas/identity.ts'
import type { Findings } from './findings.ts'
import { storedBy } from './ledger.ts'

interface NewestRun {
  readonly id: string
  readonly state: Job
  readonly sources: readonly { readonly type: string; readonly path?: unknown }[]
  readonly documents: string
  readonly chunks: string
}

/**
 * Compares jobs with what they stored: of the newest run, that all of its documents are there; of documents with stubs,
 * that a dead letter tells of each. `accounted` are the jobs of which every dead letter is stored.
 */
export const checkRuns = (pool: Pool, kbId: string, accounted: readonly string[], findings: Findings): Promise<void> =>
  inTransaction(pool, snapshot, async client => {
    await checkNewest(client, kbId, findings)
    await checkStubs(client, kbId, accounted, findings)
  })

/** Earlier runs cannot be compared: later ones replace what they stored. */
const checkNewest = async (client: PoolClient, kbId: string, findings: Findings): Promise<void> => {
  const { rows } = await client.query<NewestRun>(
    `select j.id, j.state, j.submission->'sources' as sources, count(d.document_id) as documents,
       coalesce(sum(d.chunks), 0) as chunks
     from (select * from job where kb_id = $1 order by number desc limit 1) j
     left join document d on d.kb_id = j.kb_id and d.active_version >> 32 = j.run and not d.deleted
     where j.state->>'status' = 'completed' and j.kind = 'run' group by j.id, j.state, j.submission`,
    [kbId],
  )
  const [run] = rows
  const stored = run && storedBy(run.state)
  if (!run || !stored || !areDistinct(run.sources)) return
  const found = { documents: Number(run.documents), chunks: Number(run.chunks) }
  if (found.documents === stored.documents && found.chunks === stored.chunks) return
  const text = (of: typeof found) => `${of.documents} documents of ${of.chunks} chunks`
  findings.add('run_incomplete', {
    where: { job_id: run.id },
    expected: text(stored),
    found: text(found),
    message: `The newest job, ${run.id}, stored ${text(stored)}, and ${text(found)} of it are there.`,
  })
}

/** A document that a run meets twice, by two sources that are the same, is counted twice and stored once. */
const areDistinct = (sources: NewestRun['sources']): boolean => {
  // A video may stand in several lists, and twice in one.
  if (sources.some(({ type }) => type === 'youtube')) return false
  if (sources.length === 1) return true
  const ids = sources.map(({ type, path }) =>
    typeof path === 'string' && path.startsWith('/') ? sourceIdOf({ type, path }) : null,
  )
  return !ids.includes(null) && new Set(ids).size === ids.length
}

const checkStubs = async (
  client: PoolClient,
  kbId: string,
  accounted: readonly string[],
  findings: Findings,
): Promise<void> => {
  const { rows } = await client.query<{
    document_id: string
    uri: string
    stubs: number
    job_id: string
    letters: string
  }>(
    `select d.document_id, d.uri, d.stubs, j.id as job_id, count(l.job_id) as letters
     from document d join job j on j.kb_id = d.kb_id and j.run = d.active_version >> 32
     left join dead_letter l on l.job_id = j.id and l.stage = 'embedding' and l.document_id = d.document_id
     where d.kb_id = $1 and d.stubs > 0 and j.id = any($2)
     group by d.document_id, d.uri, d.stubs, j.id having count(l.job_id) < d.stubs order by d.document_id`,
    [kbId, accounted],
  )
  for (const { document_id, uri, stubs, job_id, letters } of rows)
    findings.add('stub_unaccounted', {
      where: { job_id, document_id, uri },
      expected: `${stubs} dead letters of embedding`,
      found: letters,
      message: `${uri} has ${stubs} chunks without a vector, and ${letters} dead letters tell why.`,
    })
}
