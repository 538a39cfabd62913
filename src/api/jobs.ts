import { ApiError, noSuchCursor } from './api-error.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Looking at jobs. */
export const jobHandlers = ({ jobs }: ApiPorts): Pick<Handlers, 'jobs' | 'kbStatus'> => ({
  jobs: {
    async answer({ query: { after, ...filter } }) {
      const page = await jobs.list({ ...filter, after: after ?? null })
      if (page === null) throw noSuchCursor('job')
      return { status: 200, body: page }
    },
  },
  kbStatus: {
    async answer({ params: { kb_id } }) {
      const job = await jobs.ofKnowledgeBase(kb_id)
      if (job === null) throw new ApiError(404, 'not_found', `Knowledge base '${kb_id}' has had no job.`)
      return { status: 200, body: job }
    },
  },
})
