/** Looking at the sources that are read again by themselves, and ending that. */
import { byKb } from './requests.ts'
import { noKb, route } from './route.ts'
import { bySchedule, scheduleList, scheduleRemoved } from './schedules.ts'

export const scheduleRoutes = {
  schedules: route({
    method: 'GET',
    path: '/api/knowledge-bases/{kb_id}/schedules',
    tag: 'ingestion',
    summary: 'Sources of a knowledge base that are read again by themselves, the next one first',
    params: byKb,
    answer: scheduleList,
    statuses: { 200: 'All of them.' },
    errors: noKb,
  }),
  removeSchedule: route({
    method: 'DELETE',
    path: '/api/knowledge-bases/{kb_id}/schedules/{schedule_id}',
    tag: 'ingestion',
    summary: 'Read a source no longer by itself; what it has brought stays',
    params: bySchedule,
    answer: scheduleRemoved,
    statuses: { 200: 'It is removed.' },
    errors: { 404: 'There is no such schedule.' },
  }),
} as const
