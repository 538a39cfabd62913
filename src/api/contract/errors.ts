import { z } from 'zod'

/** One thing wrong with a request; `path` as in `sources[0].path`, `query.limit`, or `body` for the whole of it. */
export const mistake = z.object({ path: z.string(), message: z.string() })

/** Every answer that is not a success. */
export const errorBody = z.object({
  error: z.object({
    code: z.string().describe('Stable, for programs: one of those that docs/API.md lists; new ones may come.'),
    message: z.string().describe('A sentence for people, which says what to do.'),
    details: z
      .unknown()
      .describe('null, or what the code brings with it: {mistakes: [{path, message}]} of invalid_request, …'),
    request_id: z.string().describe('Also in the X-Request-ID header and in the log.'),
  }),
  job_id: z.string().optional().describe('With job_unfinished: the job that has to end first.'),
})

export type Mistake = z.output<typeof mistake>
export type ErrorBody = z.output<typeof errorBody>
