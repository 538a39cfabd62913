import { setTimeout as pause } from 'node:timers/promises'
import { type Client, ClientError } from '../api/client.ts'
import { isEnded, type JobStatus } from '../api/contract/answers.ts'
import type { Output } from './context.ts'
import { barsView } from './progress-bars.ts'
import { linesView } from './progress-lines.ts'
import type { ProgressView } from './progress-view.ts'
import { say } from './text.ts'

export interface WatchOptions {
  readonly output: Output
  /** A line of JSON a change, instead of bars or sentences. */
  readonly json: boolean
  readonly signal: AbortSignal
  /** Milliseconds between looks; 400 unless stated. */
  readonly everyMs?: number
  /** Milliseconds without an answer before it is an error; 60,000 unless stated, so that a restart is lived through. */
  readonly patienceMs?: number
}

/**
 * Shows a job until it has ended and returns how: a bar a phase on a terminal, plain lines elsewhere. Rejects with the
 * signal's reason when it aborts; the job itself goes on.
 */
export const watchJob = async (client: Client, jobId: string, options: WatchOptions): Promise<JobStatus> => {
  const view = viewFor(options)
  try {
    for (;;) {
      const job = await look(client, jobId, options, view)
      view.show(job)
      if (isEnded(job.status)) return job
      await pause(options.everyMs ?? 400, undefined, { signal: options.signal })
    }
  } finally {
    view.end()
  }
}

const look = async (client: Client, jobId: string, options: WatchOptions, view: ProgressView): Promise<JobStatus> => {
  const giveUpAt = performance.now() + (options.patienceMs ?? 60_000)
  for (;;) {
    try {
      return await client.job({ params: { job_id: jobId } }, options.signal)
    } catch (error) {
      if (!isPassing(error) || performance.now() > giveUpAt) throw error
      view.silent(error.message)
      await pause(options.everyMs ?? 400, undefined, { signal: options.signal })
    }
  }
}

const isPassing = (error: unknown): error is ClientError =>
  error instanceof ClientError && (error.status === 0 || error.status === 503)

const viewFor = ({ output, json }: WatchOptions): ProgressView => {
  if (json) return jsonView(output)
  return output.isTTY === true ? barsView(output) : linesView(output)
}

const jsonView = (output: Output): ProgressView => {
  let last = ''
  return {
    show(job) {
      const line = JSON.stringify(job)
      if (line !== last) say(output, line)
      last = line
    },
    silent: () => undefined,
    end: () => undefined,
  }
}
