import type { EntityManager } from '@mikro-orm/postgresql'
import type { Admission, JobState, Once } from './jobs.ts'

/** How long a key is known. */
const kept = `interval '1 day'`

/** The job that a request was admitted as, or that its key was that of another request; null for a key that is new. */
export const admittedAs = async (
  tx: EntityManager,
  tenant: string,
  { key, digest }: Once,
): Promise<Admission | null> => {
  const [row] = await tx.execute<{ digest: string; id: string; kb_id: string; status: JobState }[]>(
    `select k.digest, j.id, j.kb_id, j.status from submission_key k join job j on j.id = k.job_id
     where k.tenant = ? and k.key = ? and k.created_at > now() - ${kept}`,
    [tenant, key],
  )
  if (!row) return null
  if (row.digest !== digest) return { outcome: 'key_reused' }
  return { outcome: 'accepted', job_id: row.id, kb_id: row.kb_id, status: row.status }
}

/** Part of the admission, so the key is known exactly when the job is there. */
export const remember = async (tx: EntityManager, tenant: string, once: Once, jobId: string): Promise<void> => {
  await tx.execute(`delete from submission_key where created_at <= now() - ${kept}`)
  await tx.execute('insert into submission_key (tenant, key, digest, job_id) values (?, ?, ?, ?)', [
    ...[tenant, once.key, once.digest, jobId],
  ])
}
