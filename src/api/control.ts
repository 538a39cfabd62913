import type { CommandRequest, Verb } from '../coordinator/jobs.ts'
import { ApiError } from './api-error.ts'
import type { InputOf } from './contract/routes.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Telling jobs what to do: accepted here, applied by the coordinator, seen in the status. */
export const controlHandlers = (ports: ApiPorts): Pick<Handlers, Verb> => {
  const phased = (verb: Exclude<Verb, 'cancel'>) => ({
    answer: async ({ params: { kb_id }, body: { job_id, phase } }: PhasedInput) =>
      demand(ports, { kb_id, job_id, verb, phase: phase ?? null }),
  })
  return {
    pause: phased('pause'),
    resume: phased('resume'),
    retry: phased('retry'),
    cancel: {
      answer: ({ params: { kb_id }, body: { job_id } }) =>
        demand(ports, { kb_id, job_id, verb: 'cancel', phase: null }),
    },
  }
}

type PhasedInput = InputOf<'pause'>

const demand = async ({ jobs }: ApiPorts, request: CommandRequest) => {
  const { kb_id, job_id: asked } = request
  const answer = await jobs.command(request)
  switch (answer.outcome) {
    case 'accepted': {
      const { job_id, status } = answer
      return { status: 202 as const, body: { job_id, kb_id, status }, headers: { Location: `/ingest/${job_id}` } }
    }
    case 'no_job':
      throw new ApiError(
        404,
        'not_found',
        `Knowledge base '${kb_id}' has had no job${asked === undefined ? '' : ` ${asked}`}.`,
      )
    case 'refused': {
      const { job_id, status, message } = answer
      throw new ApiError(409, 'illegal_transition', message, { details: { job_id, status } })
    }
  }
}
