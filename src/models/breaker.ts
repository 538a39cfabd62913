import { CircuitState, ConsecutiveBreaker, circuitBreaker, DelegateBackoff, handleType } from 'cockatiel'
import { messageOf, Wait } from '../runtime/errors.ts'
import type { SendBatch } from './batching.ts'
import type { BreakerState } from './meter.ts'
import { ProviderError } from './provider-error.ts'

export interface BreakerOptions {
  /** How a sentence names the provider. */
  readonly who: string
  /** Failures in a row after which it is not asked for a while; 5 unless stated. */
  readonly failures?: number
  /** Milliseconds until it is asked again, twice as long each time; 2,000 unless stated, a minute at most. */
  readonly restMs?: number
  /** Given a look at its state. */
  watched?(state: () => BreakerState): void
}

const longestRestMs = 60_000
/** While one request tries whether the provider is back, the others look again after so many ms. */
const tryingMs = 1_000

/**
 * Spares a provider that fails again and again: after some failures in a row, whoever's they were, no request is sent for
 * a while, then a single one. Meanwhile it throws Wait, which burns no attempt of the work. Answers that say something
 * (a refusal, a limit) are no failures.
 */
export const breaking = (send: SendBatch, options: BreakerOptions): SendBatch => {
  const { who, failures = 5, restMs = 2_000 } = options
  let asksAgainAt = 0
  const policy = circuitBreaker(handleType(ProviderError), {
    breaker: new ConsecutiveBreaker(failures),
    halfOpenAfter: new DelegateBackoff(({ attempt }) => {
      const ms = Math.min(longestRestMs, restMs * 2 ** (attempt - 1))
      asksAgainAt = Date.now() + ms
      return ms
    }),
  })
  options.watched?.(() => {
    if (policy.state === CircuitState.Closed) return 'closed'
    const resting = policy.state === CircuitState.Open && Date.now() < asksAgainAt
    return resting ? 'open' : 'trying'
  })
  return async (texts, signal) => {
    const restsMs = policy.state === CircuitState.HalfOpen ? tryingMs : asksAgainAt - Date.now()
    if (policy.state !== CircuitState.Closed && restsMs > 0) {
      const failure = policy.lastFailure
      const last = failure && 'error' in failure ? ` The last time: ${messageOf(failure.error)}` : ''
      throw new Wait('breaker_open', `${who} failed ${failures} times in a row and is left alone.${last}`, restsMs)
    }
    return policy.execute(() => send(texts, signal))
  }
}
