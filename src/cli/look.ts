import { setTimeout as pause } from 'node:timers/promises'
import { type Client, ClientError } from '../api/client.ts'
import type { JobStatus } from '../api/contract/answers.ts'

export const lookEveryMs = 400

export interface LookOptions {
  readonly signal: AbortSignal
  /** Milliseconds between looks; 400 unless stated. */
  readonly everyMs?: number
  /** Milliseconds without an answer before it is an error; 60,000 unless stated, so that a restart is lived through. */
  readonly patienceMs?: number
  /** Told while nothing answers. */
  silent(message: string): void
}

/** How a job stands, with patience for a server that is away for a while. */
export const look = (client: Client, jobId: string, options: LookOptions): Promise<JobStatus> =>
  patiently(() => client.job({ params: { job_id: jobId } }, options.signal), options)

/** Asks again while the server is away for a while. */
export const patiently = async <T>(ask: () => Promise<T>, options: LookOptions): Promise<T> => {
  const giveUpAt = performance.now() + (options.patienceMs ?? 60_000)
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isPassing(error) || performance.now() > giveUpAt) throw error
      options.silent(error.message)
      await pause(options.everyMs ?? lookEveryMs, undefined, { signal: options.signal })
    }
  }
}

const isPassing = (error: unknown): error is ClientError =>
  error instanceof ClientError && (error.status === 0 || error.status === 503)
