import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { notFound } from './api-error.ts'
import { isEnded, type JobStatus } from './contract/answers.ts'
import type { Handlers } from './handler.ts'
import type { ApiPorts } from './ports.ts'

/** Milliseconds between two looks at the job. */
const lookMs = 500
/** Milliseconds of silence before a comment is sent, so that proxies keep the connection. */
const aliveMs = 15_000

/** What happens to a job, as server-sent events (WHATWG HTML, section 9.2). */
export const jobEventHandlers = ({ jobs }: ApiPorts): Pick<Handlers, 'jobEvents'> => ({
  jobEvents: {
    async answer({ params: { job_id } }, { signal }) {
      const job = await jobs.get(job_id)
      if (job === null) throw notFound('job', job_id)
      const events = eventsOf(job, () => jobs.get(job_id), signal)
      const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' }
      return { status: 200, body: Readable.from(events, { objectMode: false }), headers }
    },
  },
})

async function* eventsOf(first: JobStatus, look: () => Promise<JobStatus | null>, signal: AbortSignal) {
  let job: JobStatus | null = first
  let sent = ''
  let sentAt = performance.now()
  for (let id = 1; job !== null; job = await look()) {
    const data = JSON.stringify(job)
    if (data !== sent) {
      yield `id: ${id++}\nevent: status\ndata: ${data}\n\n`
      sent = data
      sentAt = performance.now()
    } else if (performance.now() - sentAt > aliveMs) {
      yield ': still here\n\n'
      sentAt = performance.now()
    }
    if (isEnded(job.status)) {
      yield `id: ${id}\nevent: end\ndata: {}\n\n`
      return
    }
    await pause(lookMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
  }
}
