import type { EntityManager } from '@mikro-orm/postgresql'
import type { Broker } from '../kafka/broker.ts'
import { control } from '../schemas/topics.ts'
import { JobRow, LaneRow } from './entities.ts'
import { apply } from './job.ts'
import { type Job, newJob, shownStatus } from './job-state.ts'

/** The database cannot be given to this Kafka; the message says what to do. */
export class RecoveryRefused extends Error {
  override readonly name = 'RecoveryRefused'
  readonly code: 'coordinator_runs' | 'kafka_not_empty'
  constructor(code: RecoveryRefused['code'], message: string) {
    super(message)
    this.code = code
  }
}

export interface Recovered {
  /** Jobs that begin anew when a coordinator runs, as they had been asked for. */
  readonly again: readonly { readonly job_id: string; readonly kb_id: string }[]
  /** Jobs that had failed, and can no longer be retried: what was left of them was in Kafka. */
  readonly given_up: readonly { readonly job_id: string; readonly kb_id: string }[]
}

/**
 * Gives a restored database to an empty Kafka, in one transaction: forgets all that is a position in the Kafka of before,
 * and has unfinished jobs begin anew, each as a later run, so that what it stores wins over what it had stored. Throws
 * RecoveryRefused where a coordinator runs or that Kafka was in use. Safe to repeat.
 */
export const recover = async (em: EntityManager, broker: Broker): Promise<Recovered> => {
  const { start, end } = await broker.range(control.name, 0)
  if (end > start)
    throw new RecoveryRefused(
      'kafka_not_empty',
      'This Kafka has been used by Penstock: its topics tell of other jobs. Point KAFKA_BROKERS at an empty one.',
    )
  const cluster = await broker.clusterId()
  return em.fork().transactional(async tx => {
    const [lease] = await tx.execute<{ held: boolean }[]>(
      `select until > now() as held from lease where name = 'coordinator' for update`,
    )
    if (lease?.held)
      throw new RecoveryRefused('coordinator_runs', 'A coordinator runs on this database. Stop all roles first.')
    const unfinished = await tx.find(JobRow, { status: { $in: ['pending', 'running', 'paused'] } }, inOrder)
    const failed = await tx.find(JobRow, { status: 'failed', closedAt: null }, inOrder)
    await tx.nativeUpdate(LaneRow, {}, { jobId: null, starts: {}, leaving: false, revision: 0 })
    for (const row of unfinished) await again(tx, row)
    for (const row of failed) row.closedAt = new Date()
    await tx.flush()
    for (const table of forgotten) await tx.execute(`delete from ${table}`)
    await tx.execute('insert into cluster (id) values (?)', [cluster])
    for (const [table, lane] of Object.entries(placed)) await moveDown(tx, table, lane)
    return { again: unfinished.map(named), given_up: failed.map(named) }
  })
}

const inOrder = { orderBy: { number: 'asc' } } as const
const named = ({ id, kbId }: JobRow) => ({ job_id: id, kb_id: kbId })

/** As if it had just been submitted, with the pauses that were asked for; one that was being cancelled is cancelled. */
const again = async (tx: EntityManager, row: JobRow): Promise<void> => {
  row.state = anew(row.state)
  row.status = shownStatus(row.state.status)
  row.startedAt = null
  row.completedAt = row.status === 'cancelled' ? new Date() : null
  const [newest] = await tx.execute<{ run: string }[]>('select max(run) as run from job where kb_id = ?', [row.kbId])
  row.run = Number(newest!.run) + 1
  await tx.flush()
  // They are found again; those of a stream are of events that are not published again.
  if (row.kind !== 'stream') await tx.execute('delete from dead_letter where job_id = ?', [row.id])
  await tx.execute('delete from crawl_url where job_id = ?', [row.id])
}

const anew = ({ status, branches, paused }: Job): Job => {
  const at = Date.now()
  const fresh = newJob(branches)
  if (status === 'cancelling') return apply(fresh, { type: 'cancel', at }).job
  if (status === 'paused' || status === 'pausing') return apply(fresh, { type: 'pause', phase: null, at }).job
  return paused.reduce((job, phase) => apply(job, { type: 'pause', phase, at }).job, fresh)
}

/** What tells of the Kafka of before and of nothing else. */
const forgotten = ['followed', 'publication', 'stage_owners', 'intake_partition', 'applied', 'cluster']

/** Rows whose key is a place in a topic: the same places come again in another Kafka, and are other records. */
const placed = { dead_letter: 'lane', parked_event: 'partition' }

/** Below all places there are, in the same order. */
const moveDown = (tx: EntityManager, table: string, lane: string) =>
  tx.execute(
    `update ${table} set position = position - by.places from
       (select ${lane} as lane, max(position) - least(min(position), 0) + 1 as places from ${table} group by ${lane}) by
     where by.lane = ${table}.${lane}`,
  )
