import type { Pool } from 'pg'
import type { Job } from '../coordinator/job-state.ts'
import { inTransaction, snapshot } from '../knowledge/transaction.ts'
import { mayWrite } from './owners.ts'

/** A lane as the database has it. */
export interface StoredLane {
  readonly lane: number
  readonly job_id: string | null
  readonly revision: number
  readonly leaving: boolean
  readonly starts: Readonly<Record<string, number>>
}

/** A job that may write, or that still has lanes. */
export interface LiveJob {
  readonly id: string
  readonly status: string
  readonly closed: boolean
  readonly state: Job
}

export interface StoredApplied {
  readonly job_id: string
  readonly stage: string
  readonly lane: number
  readonly next_offset: number
}

/** What the database says of lanes and of who works in them, as of one moment. */
export interface LaneView {
  readonly jobs: readonly LiveJob[]
  readonly lanes: readonly StoredLane[]
  readonly applied: readonly StoredApplied[]
  /** Applied rows of jobs that have ended, or, with no knowledge base, of jobs that there are not. */
  readonly forgotten: readonly StoredApplied[]
  /** Revisions that are planned, and may not be told yet. */
  readonly planned: ReadonlySet<number>
}

/** Of a knowledge base, or with null of none: then the lanes are those that are free. */
export const laneView = (pool: Pool, kbId: string | null): Promise<LaneView> =>
  inTransaction(pool, snapshot, async client => {
    const { rows: jobs } = await client.query<LiveJob>(
      `select j.id, j.status, j.closed_at is not null as closed, j.state from job j where j.kb_id = $1 and ${mayWrite}`,
      [kbId],
    )
    const ids = jobs.map(({ id }) => id)
    const { rows: lanes } = await client.query<Omit<StoredLane, 'revision'> & { revision: string }>(
      `select lane, job_id, revision, leaving, starts from lane
       where ${kbId === null ? 'job_id is null and cardinality($1::text[]) = 0' : 'job_id = any($1)'} order by lane`,
      [ids],
    )
    const appliedOf = async (where: string, value: unknown) => {
      const { rows } = await client.query<Omit<StoredApplied, 'next_offset'> & { next_offset: string }>(
        `select a.job_id, a.stage, a.lane, a.next_offset from applied a left join job j on j.id = a.job_id
         where ${where} order by a.job_id, a.stage, a.lane`,
        [value],
      )
      return rows.map(row => ({ ...row, next_offset: Number(row.next_offset) }))
    }
    const { rows: planned } = await client.query<{ id: string }>('select id from publication')
    return {
      jobs,
      lanes: lanes.map(row => ({ ...row, revision: Number(row.revision) })),
      applied: await appliedOf('a.job_id = any($1)', ids),
      forgotten: await appliedOf(forgottenOf(kbId), kbId),
      planned: new Set(planned.map(({ id }) => Number(id))),
    }
  })

/** SQL that is true for applied rows `a`, with their job `j`, that nobody will read again; $1 is the kb or null. */
export const forgottenOf = (kbId: string | null): string =>
  kbId === null ? '$1::text is null and j.id is null' : `j.kb_id = $1 and not ${mayWrite}`
