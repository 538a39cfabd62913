import { hash } from 'node:crypto'
import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Submission } from './jobs.ts'
import { nextTime, type Refresh, type ScheduledSource } from './schedules.ts'

/** A source that is read again by itself. Times are the database's. */
export const ScheduleRow = defineEntity({
  name: 'ScheduleRow',
  tableName: 'schedule',
  properties: {
    kbId: p.text().primary(),
    /** Of its source, as short as a key should be. */
    id: p.text().primary(),
    /** Identity of the source inside the kb. */
    source: p.text(),
    spec: p.json<ScheduledSource['spec']>(),
    refresh: p.json<Refresh>(),
    parallelism: p.integer(),
    priority: p.integer(),
    nextAt: p.datetime(),
    lastAt: p.datetime().nullable(),
    lastJobId: p.text().nullable(),
    /** Why its last run did not start. */
    note: p.text().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
})
export type ScheduleRow = InferEntity<typeof ScheduleRow>

/** SQL that is true for a kb that has an unfinished run; `kb` is a column. */
export const hasUnfinishedRun = (kb: string) => `exists (select from job j where j.kb_id = ${kb} and j.kind = 'run'
  and j.status in ('pending', 'running', 'paused'))`

/** SQL that is true where a run of some schedule can be started now. */
export const someDue = `exists (select from schedule s where s.next_at <= now() and not ${hasUnfinishedRun('s.kb_id')})`

export const scheduleId = (source: string): string => hash('sha256', source).slice(0, 16)

/**
 * What a submission says of schedules, as part of its admission: one that names times makes or replaces the schedule of
 * its source, one that does not gives a schedule that is there its new settings and leaves its times.
 */
export const saveSchedules = async (tx: EntityManager, request: Submission): Promise<void> => {
  const { kb_id, schedule = [], parallelism, priority } = request
  const [clock] = await tx.execute<{ now: string | Date }[]>('select now() as now')
  const now = new Date(clock!.now)
  for (const { source, spec, refresh } of schedule) {
    const id = scheduleId(source)
    const settings = { spec, parallelism, priority }
    const row = await tx.findOne(ScheduleRow, { kbId: kb_id, id })
    if (refresh === null) {
      if (row) Object.assign(row, settings)
      continue
    }
    const times = { refresh, nextAt: nextTime(refresh, now, now), note: null }
    if (row) Object.assign(row, settings, times)
    else tx.create(ScheduleRow, { ...{ kbId: kb_id, id, source }, ...settings, ...times })
  }
  await tx.flush()
}
