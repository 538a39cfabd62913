import { intakeLetters } from '../schemas/names.ts'
import { defaultTenant } from '../schemas/tenants.ts'
import type { Selection } from './dead-letters.ts'

/** SQL with `?` for its values. */
export interface Sql {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

/** The state of a dead letter `l`, whose replay (if any) is the job `r`: see `DeadLetterState`. */
export const stateOf = `
  case when l.discarded_at is not null then 'discarded'
       when l.replay_job_id is null or r.status = 'cancelled' or r.closed_at is not null then 'open'
       else 'replayed' end`

/** Dead letters `l`, each with its replay `r` and the document `d` of the store that it is about, as far as there are. */
export const letters = `dead_letter l left join job r on r.id = l.replay_job_id
  left join document d on d.kb_id = l.kb_id and d.document_id = l.document_id and not d.deleted`

/**
 * That a dead letter `l` is a tenant's; the operator has those too whose knowledge base is nobody's, or was when INTAKE
 * rejected them: somebody else may have had the name before.
 */
export const lettersOf = (tenant: string | null): Sql => {
  if (tenant === null) return { sql: 'true', values: [] }
  const since = `o.kb_id = l.kb_id and (l.job_id <> '${intakeLetters}' or o.since <= l.created_at)`
  const own = `exists (select from knowledge_base_owner o where o.tenant = ? and ${since})`
  const nobodys = `not exists (select from knowledge_base_owner o where ${since})`
  return { sql: tenant === defaultTenant ? `(${own} or ${nobodys})` : own, values: [tenant] }
}

/** The conditions of a selection on the dead letters of a job. */
export const selected = (jobId: string, { stage, code, document_ids, uris }: Selection): Sql => {
  const values: string[] = [jobId]
  const any = (column: string, wanted: readonly string[] | undefined): string => {
    if (wanted === undefined) return ''
    values.push(JSON.stringify(wanted))
    return ` and ${column} in (select jsonb_array_elements_text(?::jsonb))`
  }
  const sql =
    'l.job_id = ?' +
    any('l.stage', stage === undefined ? undefined : [stage]) +
    any('l.code', code === undefined ? undefined : [code]) +
    any('l.document_id', document_ids) +
    any(uriOf, uris)
  return { sql, values }
}

/** A chunk does not say its uri: then the store does, or another dead letter of its document. */
export const uriOf = `coalesce(l.uri, d.uri, (
  select max(o.uri) from dead_letter o where o.job_id = l.job_id and o.document_id = l.document_id))`
