import type { Logger } from 'pino'
import { codeOf, Fatal, isDefect, isOutOfReach, messageOf, Wait } from './errors.ts'
import type { Gate } from './gate.ts'

/** How often a phase tries the same record again, and how long it waits in between. */
export interface RetryPolicy {
  readonly attempts: number
  /** Before attempt `n` (the second is 2), in milliseconds. */
  delayMs(n: number): number
  /** A phase does not fail before this long without a success, in milliseconds. */
  readonly failAfterMs: number
}

/** Settings that override every stage's own policy; absent fields keep it. */
export interface RetrySettings {
  readonly maxAttempts?: number | undefined
  readonly backoffFactor?: number | undefined
  readonly maxDelayMs?: number | undefined
}

const stages: Record<
  string,
  { attempts: number; firstMs: number; factor: number; jitter: boolean; failAfterMs: number }
> = {
  loading: { attempts: 3, firstMs: 1000, factor: 2, jitter: false, failAfterMs: 0 },
  chunking: { attempts: 3, firstMs: 1000, factor: 2, jitter: false, failAfterMs: 0 },
  embedding: { attempts: 5, firstMs: 1000, factor: 2, jitter: true, failAfterMs: 10 * 60_000 },
  indexing: { attempts: 3, firstMs: 5000, factor: 1, jitter: false, failAfterMs: 0 },
  tabulating: { attempts: 3, firstMs: 5000, factor: 1, jitter: false, failAfterMs: 0 },
  finishing: { attempts: 3, firstMs: 5000, factor: 1, jitter: false, failAfterMs: 0 },
}

export const policyOf = (stage: string, settings: RetrySettings, random: () => number = Math.random): RetryPolicy => {
  const own = stages[stage]
  if (!own) throw new Error(`There is no retry policy for stage ${stage}.`)
  const factor = settings.backoffFactor ?? own.factor
  const maxMs = settings.maxDelayMs ?? 60_000
  return {
    attempts: settings.maxAttempts ?? own.attempts,
    failAfterMs: own.failAfterMs,
    delayMs(n) {
      const full = Math.min(maxMs, own.firstMs * factor ** (n - 2))
      return own.jitter ? random() * full : full
    },
  }
}

/** What becomes of a lane after an error. `wait` burns no attempt. */
export type Verdict =
  | { readonly kind: 'retry' | 'wait'; readonly afterMs: number }
  | { readonly kind: 'fail'; readonly code: string; readonly message: string }

/** Whose error it was: the stage's own work, the store it writes to, or the line itself. */
export type Origin = 'stage' | 'store' | 'line'

export interface Failures {
  /** How often this work failed in a row, this time included. */
  readonly count: number
  /** Milliseconds since the first of them. */
  readonly sinceMs: number
}

/** Counts the failures of a lane's work since its last success; a Wait is none. */
export class Streak {
  #count = 0
  #since = 0

  /** The attempt that is next, from 1, and whether it is the last that the policy gives. */
  attempt({ attempts }: RetryPolicy): { readonly number: number; readonly last: boolean } {
    return { number: this.#count + 1, last: this.#count + 1 >= attempts }
  }

  failed(error: unknown): Failures {
    if (!(error instanceof Wait) && this.#count++ === 0) this.#since = performance.now()
    return { count: this.#count, sinceMs: performance.now() - this.#since }
  }

  succeeded(): void {
    this.#count = 0
  }
}

export const judge = (error: unknown, origin: Origin, failures: Failures, policy: RetryPolicy): Verdict => {
  if (error instanceof Fatal) return { kind: 'fail', code: error.code, message: error.message }
  if (error instanceof Wait) return { kind: 'wait', afterMs: error.retryAfterMs }
  if (['offset_out_of_range', 'record_too_large'].includes(codeOf(error)))
    return { kind: 'fail', code: codeOf(error), message: messageOf(error) }
  if (origin === 'line' || (origin === 'store' && isOutOfReach(error)))
    return { kind: 'wait', afterMs: Math.min(5000, 50 * 2 ** Math.min(failures.count, 7)) }
  const mayPass = origin === 'stage' && isDefect(error) ? 0 : policy.failAfterMs
  if (failures.count < policy.attempts || failures.sinceMs < mayPass)
    return { kind: 'retry', afterMs: policy.delayMs(failures.count + 1) }
  return { kind: 'fail', code: codeOf(error), message: messageOf(error) }
}

/** Nothing is swallowed: every error of a lane is logged with what becomes of it. */
export const logVerdict = (
  where: {
    readonly lane: number
    readonly stage: { readonly name: string; readonly phase: string }
    readonly gate: Pick<Gate, 'of'>
    readonly log: Logger
  },
  error: unknown,
  { kind }: Verdict,
): void => {
  const { lane, stage, gate, log } = where
  const job = gate.of(lane)?.job
  const of = job ? { kb_id: job.kb_id, job_id: job.job_id } : {}
  const about = { stage: stage.name, lane, ...of, code: codeOf(error), err: error, verdict: kind }
  if (kind === 'fail') log.error(about, `${stage.phase} failed: ${messageOf(error)}`)
  else log.warn(about, `${stage.phase} tries again: ${messageOf(error)}`)
}
