import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import { Fatal, Reject, Wait } from '../runtime/errors.ts'
import { hideSecrets } from '../telemetry/secrets.ts'
import type { SendBatch } from './batching.ts'
import { BadVectors } from './vectors.ts'

/** A request that failed in a way that may pass: it is tried again. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** How sentences name a provider. */
export const whoAnswers = (baseUrl: string): string => `The embedding provider at ${new URL(baseUrl).host}`

interface Provider {
  readonly baseUrl: string
  readonly apiKey: string | null
  readonly timeoutMs: number
}

/**
 * What a failure of the client means for the line. Only what is about the texts rejects them (400, 413, 422); what
 * every request would meet is fatal (401, 403, 404); 429 waits; the rest is tried again. Messages hold no secret, and
 * the client's own error is not the cause where it carries headers.
 */
export const providerError = (error: unknown, { baseUrl, apiKey, timeoutMs }: Provider): Error => {
  if (error instanceof BadVectors) return error
  const who = whoAnswers(baseUrl)
  if (error instanceof APIConnectionTimeoutError)
    return new ProviderError('provider_timeout', `${who} did not answer within ${timeoutMs / 1000} s.`)
  if (error instanceof APIConnectionError)
    return new ProviderError('provider_unreachable', `${who} cannot be reached: ${rootOf(error)}.`)
  if (!(error instanceof APIError) || error.status === undefined)
    return new ProviderError('bad_answer', `${who} gave an answer that cannot be read: ${rootOf(error)}.`, {
      cause: error,
    })

  const hide = hideSecrets([apiKey])
  const said = hide(`${error.status}: ${error.message.replace(/^\d+ /, '')}`).slice(0, 500)
  switch (error.status) {
    case 400:
    case 413:
    case 422:
      return new Reject(`provider_${error.status}`, `${who} refused the text (${said}).`)
    case 401:
    case 403:
      return new Fatal(`provider_${error.status}`, `${who} refused the key (${said}). Set OPENAI_API_KEY, then retry.`)
    case 404:
      return new Fatal(
        'provider_404',
        `${who} has no such model or address (${said}). Check OPENAI_BASE_URL and the model.`,
      )
    case 429:
      return new Wait('provider_429', `${who} limits the rate (${said}).`, retryAfterMs(error.headers))
    default:
      return new ProviderError(`provider_${error.status}`, `${who} failed (${said}).`)
  }
}

const defaultWaitMs = 5_000
const longestWaitMs = 3_600_000

/** Retry-After in seconds or as a date, `retry-after-ms` before it; 5 s where there is none, an hour at most. */
export const retryAfterMs = (headers: Headers | undefined, now: () => number = Date.now): number => {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '')
  const after = headers?.get('retry-after') ?? ''
  const asked = [ms, Number(after || Number.NaN) * 1000, Date.parse(after) - now()].find(Number.isFinite)
  return Math.round(Math.min(longestWaitMs, Math.max(0, asked ?? defaultWaitMs)))
}

/** What is asked of a provider that has refused a text before it ever took one. */
const harmless = 'penstock'

/**
 * A provider that has taken no text yet and refuses one may be refusing all of them (a wrong parameter, a model that
 * does not embed): then nothing is wrong with the text. So before the first refusal is believed, a harmless text is
 * tried; refused too, it makes the refusal fatal.
 */
export const refusesEverything = (send: SendBatch, model: string): SendBatch => {
  let proven = false
  return async (texts, signal) => {
    try {
      const vectors = await send(texts, signal)
      proven = true
      return vectors
    } catch (error) {
      if (!(error instanceof Reject) || proven) throw error
      await send([harmless], signal).catch((again: unknown) => {
        if (!(again instanceof Reject)) throw again
        throw new Fatal('provider_refuses_all', `The model ${model} takes no text at all. ${again.message}`)
      })
      proven = true
      throw error
    }
  }
}

/** The innermost message: of "fetch failed" because of "connect ECONNREFUSED", the latter. */
const rootOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const message = error.message || ('code' in error ? String(error.code) : error.name)
  return error.cause === undefined ? message : rootOf(error.cause)
}
