import { admit } from './admission.ts'
import { lockAdmissions } from './admission-lock.ts'
import type { Submission } from './jobs.ts'
import { hasUnfinishedRun, ScheduleRow } from './schedule-rows.ts'
import { nextTime } from './schedules.ts'
import type { InTurn } from './serial.ts'
import type { Tenure } from './tenure.ts'

/** Sources that a run takes at most; the rest follows with the next one. */
const mostSources = 32

/**
 * Starts a run of the sources of a knowledge base that are due: of those alone, checked as the API checks a request.
 * They are checked outside of the coordinator's turn, for as long as they take; only what follows is done in it. True
 * when a run was admitted.
 */
export const startDue = async (
  tenure: Tenure,
  kbId: string,
  rows: readonly ScheduleRow[],
  inTurn: InTurn,
): Promise<boolean> => {
  const refused = new Map<string, string>()
  const check = async (some: readonly ScheduleRow[]): Promise<Submission | null> => {
    const read = await tenure.readRequest(kbId, JSON.stringify(requestOf(some)))
    if (!('refused' in read)) return asRun(read)
    for (const { id } of some) refused.set(id, read.refused.message)
    return null
  }
  await Promise.all(rows.map(row => check([row])))
  const usable = rows.filter(({ id }) => !refused.has(id))
  const request = usable.length === 0 ? null : await check(usable)
  return inTurn(() => start(tenure, kbId, rows, request, refused))
}

/** The sources that can be read again now, by knowledge base: while it has an unfinished run they wait for its end. */
export const dueSources = ({ transaction }: Tenure): Promise<ReadonlyMap<string, readonly ScheduleRow[]>> =>
  transaction(async tx => {
    const ids = await tx.execute<{ kb_id: string; id: string }[]>(
      `select kb_id, id from schedule s where next_at <= now() and not ${hasUnfinishedRun('s.kb_id')}
       order by next_at, kb_id, id`,
    )
    const due = new Map<string, ScheduleRow[]>()
    for (const { kb_id: kbId, id } of ids) {
      const row = await tx.findOne(ScheduleRow, { kbId, id })
      const rows = due.get(kbId) ?? []
      if (row !== null && rows.length < mostSources) due.set(kbId, [...rows, row])
    }
    return due
  })

/** A run made by a schedule has the settings of its knowledge base, and the guard of the installation. */
const requestOf = (rows: readonly ScheduleRow[]) => ({
  sources: rows.map(({ spec }) => spec),
  parallelism: Math.max(...rows.map(({ parallelism }) => parallelism)),
  priority: Math.max(...rows.map(({ priority }) => priority)),
})

/** What it starts says nothing of schedules itself. */
const asRun = ({ schedule: _, ...run }: Submission): Submission => run

/**
 * Admits the run and moves its schedules on, in one transaction of the coordinator that holds the lease: each time that is
 * due is one run, whoever looks. A schedule that was replaced or removed meanwhile is left as it is.
 */
const start = (
  tenure: Tenure,
  kbId: string,
  rows: readonly ScheduleRow[],
  request: Submission | null,
  refused: ReadonlyMap<string, string>,
): Promise<boolean> =>
  tenure.transaction(async (tx, now) => {
    // As every admission begins: whoever replaces one of the schedules does it before or after this.
    await lockAdmissions(tx)
    const found = await tx.find(ScheduleRow, { kbId, id: { $in: rows.map(({ id }) => id) } }, { refresh: true })
    const same = (row: ScheduleRow) =>
      found.some(one => one.id === row.id && one.nextAt.getTime() === row.nextAt.getTime() && sameSpec(one, row))
    if (found.length !== rows.length || !rows.every(same)) return false

    const admission = request && (await admit(tx, tenure, request))
    if (admission && admission.outcome !== 'accepted') {
      const { outcome } = admission
      tenure.log.info({ kb_id: kbId, outcome }, 'sources are due, and wait: their run is not admitted yet')
      return false
    }
    for (const row of found) {
      const note = refused.get(row.id) ?? null
      row.lastAt = now
      row.lastJobId = note === null ? (admission?.job_id ?? null) : null
      row.note = note
      row.nextAt = nextTime(row.refresh, row.nextAt, now)
      const about = { kb_id: kbId, source: row.source, job_id: row.lastJobId, next: row.nextAt }
      if (note === null) tenure.log.info(about, 'a source is read again')
      else tenure.log.warn({ ...about, reason: note }, `a source that is due cannot be read: ${note}`)
    }
    await tx.flush()
    return admission !== null
  })

const sameSpec = (a: ScheduleRow, b: ScheduleRow): boolean => JSON.stringify(a.spec) === JSON.stringify(b.spec)
