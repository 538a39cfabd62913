import type { CommandRequest, Verb } from '../coordinator/jobs.ts'
import { ApiError } from './api-error.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Telling jobs what to do: accepted here, applied by the coordinator, seen in the status. */
export const controlHandlers = (ports: ApiPorts): Pick<Handlers, Verb> => {
  const phased = (verb: Exclude<Verb, 'cancel'>) => ({
    answer: async ({
      params,
      body,
    }: {
      params: { kb_id: string }
      body: { phase?: NonNullable<CommandRequest['phase']> | undefined }
    }) => demand(ports, params.kb_id, verb, body.phase ?? null),
  })
  return {
    pause: phased('pause'),
    resume: phased('resume'),
    retry: phased('retry'),
    cancel: { answer: ({ params }) => demand(ports, params.kb_id, 'cancel', null) },
  }
}

const demand = async ({ jobs }: ApiPorts, kb_id: string, verb: Verb, phase: CommandRequest['phase']) => {
  const answer = await jobs.command({ kb_id, verb, phase })
  switch (answer.outcome) {
    case 'accepted': {
      const { job_id, status } = answer
      return { status: 202 as const, body: { job_id, kb_id, status }, headers: { Location: `/ingest/${job_id}` } }
    }
    case 'no_job':
      throw new ApiError(404, 'not_found', `Knowledge base '${kb_id}' has had no job.`)
    case 'refused': {
      const { job_id, status, message } = answer
      throw new ApiError(409, 'illegal_transition', message, { details: { job_id, status } })
    }
  }
}
