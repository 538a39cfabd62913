import { PassThrough } from 'node:stream'
import { notFound } from './api-error.ts'
import { isEnded, type JobStatus } from './contract/answers.ts'
import type { Exchange, Handlers } from './handler.ts'
import { type JobLooks, jobLooks } from './job-looks.ts'
import type { ApiPorts } from './ports.ts'

/** Milliseconds between two looks at a job. */
const lookMs = 500
/** Milliseconds between comments that keep the connection through proxies, whatever else is sent. */
const aliveMs = 15_000

/** What happens to a job, as server-sent events (WHATWG HTML, section 9.2). */
export const jobEventHandlers = ({ jobs }: ApiPorts): Pick<Handlers, 'jobEvents'> => {
  const looks = jobLooks(jobId => jobs.get(jobId), lookMs)
  return {
    jobEvents: {
      async answer({ params: { job_id } }, { log, stillMay }) {
        const job = await jobs.get(job_id)
        if (job === null) throw notFound('job', job_id)
        const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' }
        return { status: 200, body: eventsOf(job, looks, { log, stillMay }), headers }
      },
    },
  }
}

/**
 * Lives as long as its connection, and as its key is good: the server destroys it when the reader leaves, and when it
 * closes itself.
 */
const eventsOf = (
  first: JobStatus,
  looks: JobLooks,
  { log, stillMay }: Pick<Exchange, 'log' | 'stillMay'>,
): PassThrough => {
  const stream = new PassThrough()
  let id = 0
  let sent = ''
  let failing = false
  /** A reader that is behind is told less often: it gets the newest status, not all of them. */
  const send = (text: string): void => {
    if (!stream.writableNeedDrain) stream.write(text)
  }
  const event = (name: string, data: string): string => `id: ${++id}\nevent: ${name}\ndata: ${data}\n\n`
  const rest = (): void => {
    unfollow()
    clearInterval(alive)
  }
  const end = (last?: string): void => {
    rest()
    stream.end(last)
  }
  const see = (seen: JobStatus | null | Error): void => {
    if (seen instanceof Error) {
      if (!failing)
        log.warn({ err: seen, job_id: first.job_id }, 'a job cannot be read; its events go on when it can be')
      failing = true
      return
    }
    failing = false
    if (stream.writableNeedDrain || stream.writableEnded || stream.destroyed) return
    const data = JSON.stringify(seen)
    if (seen !== null && data !== sent) send(event('status', data))
    sent = data
    if (seen === null || isEnded(seen.status)) end(event('end', '{}'))
  }
  const unfollow = looks.follow(first.job_id, seen => {
    // Where the key is bad, without the event of the end: whoever asks again is told why it may not.
    stillMay().then(may => (may ? see(seen) : end()), see)
  })
  const alive = setInterval(() => send(': still here\n\n'), aliveMs)
  stream.once('close', rest)
  see(first)
  return stream
}
