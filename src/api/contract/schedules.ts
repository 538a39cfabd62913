/** Sources that are read again by themselves, as the API shows them. Times are ISO 8601 in UTC. */
import { z } from 'zod'
import type { ScheduleBody } from '../../coordinator/schedules.ts'
import { kbId } from './requests.ts'

const time = z.iso.datetime()

const schedule = z.object({
  schedule_id: z.string(),
  source: z.string().describe('Identity of the source inside the knowledge base.'),
  spec: z.looseObject({ type: z.string() }).readonly(),
  every_s: z.int().nullable().describe('Seconds from one run to the next; null with a cron pattern.'),
  cron: z.string().nullable(),
  timezone: z.string().nullable().describe('Of the cron pattern; null is UTC.'),
  next_at: time.describe('When it is due; in the past while it waits for an unfinished run.'),
  last_at: time.nullable(),
  last_job_id: z.string().nullable(),
  last_status: z.string().nullable(),
  note: z.string().nullable().describe('Why a run that is due has not started, or could not.'),
}) satisfies z.ZodType<ScheduleBody>

export const scheduleList = z.object({ kb_id: kbId, schedules: z.array(schedule).readonly() })
export const scheduleRemoved = z.object({ kb_id: kbId, schedule_id: z.string(), removed: z.literal(true) })

export const bySchedule = z.strictObject({ kb_id: kbId, schedule_id: z.string().min(1).max(64) })

export type Schedule = z.output<typeof schedule>
