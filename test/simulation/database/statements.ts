import { CommandRow, JobRow, LaneRow } from '../../../src/coordinator/entities.ts'
import type { Database } from './database.ts'
import type { Row } from './tables.ts'

type Answer = (database: Database, params: readonly unknown[]) => readonly Row[]

const jobs = (database: Database) => database.table(JobRow).all()

const leaseOf = (database: Database, change: (lease: Database['lease']) => void): readonly Row[] => {
  const { lease } = database
  const before = { ...lease }
  change(lease)
  database.undoing(() => Object.assign(lease, before))
  return [{ epoch: String(lease.epoch) }]
}

/** The coordinator's own SQL, each statement by a part that no other has. */
const statements: readonly (readonly [string, Answer])[] = [
  [
    'update lease set epoch = epoch + 1',
    (database, [holder, ms]) =>
      database.lease.until >= database.kernel.now
        ? []
        : leaseOf(database, lease => {
            lease.epoch++
            lease.holder = String(holder)
            lease.trouble = null
            lease.until = database.kernel.now + Number(ms)
          }),
  ],
  [
    'update lease set until = clock_timestamp()',
    (database, [epoch, ms]) =>
      database.lease.epoch !== epoch
        ? []
        : leaseOf(database, lease => {
            lease.until = database.kernel.now + Number(ms)
          }),
  ],
  [
    'update lease set trouble',
    (database, [trouble, epoch]) =>
      database.lease.epoch !== epoch
        ? []
        : leaseOf(database, lease => {
            lease.trouble = trouble === null ? null : String(trouble)
          }),
  ],
  [
    `update lease set until = '-infinity'`,
    (database, [epoch]) =>
      database.lease.epoch !== epoch
        ? []
        : leaseOf(database, lease => {
            lease.until = -1
          }),
  ],
  ['select epoch, now() as now from lease', database => [{ epoch: String(database.lease.epoch), now: database.date }]],
  [
    'select until > clock_timestamp() as held',
    ({ lease, kernel, date }) => [{ held: lease.until > kernel.now, trouble: lease.trouble, now: date }],
  ],
  [
    'select exists (select from command where applied_at is null)',
    database => [
      {
        waiting: database
          .table(CommandRow)
          .all()
          .some(({ appliedAt }) => appliedAt === null),
        due: false,
        deleting: false,
        busy: jobs(database).some(({ status }) => ['pending', 'running', 'paused'].includes(String(status))),
      },
    ],
  ],
  ['insert into cluster', () => []],
  ['select id from cluster', () => [{ id: 'memory' }]],
  [
    'insert into lane (lane) select generate_series',
    (database, [count]) => {
      for (let lane = 0; lane < Number(count); lane++)
        if (!database.table(LaneRow).like({ lane })) database.create(LaneRow, { lane })
      return []
    },
  ],
  [`select nextval('control_revision')`, database => [{ id: String(database.nextRevision()) }]],
  [
    `select setval('control_revision'`,
    (database, [least]) => {
      database.revisionAtLeast(Number(least))
      return []
    },
  ],
  [
    `select id from job where status = 'failed' and closed_at is null and id in (select job_id from lane)`,
    database => {
      const owners = new Set(
        database
          .table(LaneRow)
          .all()
          .map(({ jobId }) => jobId),
      )
      const failed = jobs(database).filter(
        ({ id, status, closedAt }) => status === 'failed' && closedAt === null && owners.has(id),
      )
      failed.sort((a, b) => Number(a.completedAt) - Number(b.completedAt) || Number(a.number) - Number(b.number))
      return failed.slice(0, 1).map(({ id }) => ({ id }))
    },
  ],
  ['select 1 from admission for update', () => []],
  ['delete from replay_document where job_id in', () => []],
  [
    'select coalesce(max(run), (select run_floor from admission), 0) as run from job where kb_id = ?',
    (database, [kb]) => [
      { run: String(Math.max(0, ...jobs(database).map(({ kbId, run }) => (kbId === kb ? Number(run) : 0)))) },
    ],
  ],
  [
    'update job set closed_at = now() where kb_id = ?',
    (database, [kb]) => {
      const table = database.table(JobRow)
      for (const row of table.all())
        if (row.kbId === kb && row.status === 'failed' && row.closedAt === null)
          table.update(row, { closedAt: database.date })
      return []
    },
  ],
]

const found = new Map<string, Answer>()

export const execute = (database: Database, sql: string, params: readonly unknown[]): readonly Row[] => {
  let answer = found.get(sql)
  if (!answer) {
    const plain = sql.replaceAll(/\s+/g, ' ')
    answer = statements.find(([part]) => plain.includes(part))?.[1]
    if (!answer) throw new Error(`The simulated database does not know this statement: ${plain}`)
    found.set(sql, answer)
  }
  return answer(database, params)
}
