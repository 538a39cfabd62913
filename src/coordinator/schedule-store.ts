import type { EntityManager } from '@mikro-orm/postgresql'
import type { KnowledgeBases } from './admission.ts'
import { JobRow } from './entities.ts'
import { ScheduleRow } from './schedule-rows.ts'
import type { ScheduleBody, Schedules } from './schedules.ts'

export interface ScheduleStoreOptions {
  readonly em: EntityManager
  readonly knowledgeBases: Pick<KnowledgeBases, 'get'>
}

/** The schedules of the database, as the API sees them. */
export const createSchedules = ({ em, knowledgeBases }: ScheduleStoreOptions): Schedules => ({
  async list(kbId) {
    const fork = em.fork()
    if ((await knowledgeBases.get(fork, kbId)) === null) return null
    const rows = await fork.find(ScheduleRow, { kbId }, { orderBy: { nextAt: 'asc', id: 'asc' } })
    const jobs = await fork.find(JobRow, { kbId, kind: 'run' }, { orderBy: { number: 'desc' }, limit: 1 })
    const started = await fork.find(JobRow, { id: { $in: rows.flatMap(({ lastJobId }) => lastJobId ?? []) } })
    const [clock] = await fork.execute<{ now: string | Date }[]>('select now() as now')
    const about = { now: new Date(clock!.now), newest: jobs[0] ?? null }
    return rows.map(row => bodyOf(row, started.find(({ id }) => id === row.lastJobId) ?? null, about))
  },
  async remove(kbId, id) {
    return (await em.fork().nativeDelete(ScheduleRow, { kbId, id })) > 0
  },
})

const bodyOf = (
  row: ScheduleRow,
  job: Pick<JobRow, 'id' | 'status'> | null,
  { now, newest }: { readonly now: Date; readonly newest: Pick<JobRow, 'id' | 'status'> | null },
): ScheduleBody => ({
  schedule_id: row.id,
  source: row.source,
  spec: row.spec,
  ...row.refresh,
  next_at: row.nextAt.toISOString(),
  last_at: row.lastAt?.toISOString() ?? null,
  last_job_id: row.lastJobId ?? null,
  last_status: job?.status ?? null,
  note:
    row.nextAt <= now && newest !== null && unfinished.includes(newest.status) ? waits(newest.id) : (row.note ?? null),
})

const unfinished: readonly string[] = ['pending', 'running', 'paused']

const waits = (job: string): string => `It is due, and waits for the end of job ${job} of its knowledge base.`
