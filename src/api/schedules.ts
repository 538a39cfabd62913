import { ApiError, notFound } from './api-error.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Looking at schedules, and ending them. */
export const scheduleHandlers = ({ schedules }: ApiPorts): Pick<Handlers, 'schedules' | 'removeSchedule'> => ({
  schedules: {
    async answer({ params: { kb_id } }) {
      const all = await schedules.list(kb_id)
      if (all === null) throw notFound('knowledge base', kb_id)
      return { status: 200, body: { kb_id, schedules: all } }
    },
  },
  removeSchedule: {
    async answer({ params: { kb_id, schedule_id } }) {
      if (!(await schedules.remove(kb_id, schedule_id)))
        throw new ApiError(404, 'not_found', `Knowledge base '${kb_id}' has no schedule '${schedule_id}'.`)
      return { status: 200, body: { kb_id, schedule_id, removed: true } }
    },
  },
})
