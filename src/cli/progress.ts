import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../api/client.ts'
import { isEnded, type JobStatus } from '../api/contract/answers.ts'
import type { Output } from './context.ts'
import { type LookOptions, look, lookEveryMs } from './look.ts'
import { barsView } from './progress-bars.ts'
import { linesView } from './progress-lines.ts'
import type { ProgressView } from './progress-view.ts'
import { say } from './text.ts'

export interface WatchOptions extends Omit<LookOptions, 'silent'> {
  readonly output: Output
  /** A line of JSON a change, instead of bars or sentences. */
  readonly json: boolean
}

/**
 * Shows a job until it has ended and returns how: a bar a phase on a terminal, plain lines elsewhere. Rejects with the
 * signal's reason when it aborts; the job itself goes on.
 */
export const watchJob = async (client: Client, jobId: string, options: WatchOptions): Promise<JobStatus> => {
  const view = viewFor(options)
  try {
    for (;;) {
      const job = await look(client, jobId, { ...options, silent: message => view.silent(message) })
      view.show(job)
      if (isEnded(job.status)) return job
      await pause(options.everyMs ?? lookEveryMs, undefined, { signal: options.signal })
    }
  } finally {
    view.end()
  }
}

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
