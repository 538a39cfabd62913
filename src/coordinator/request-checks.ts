import type { Logger } from 'pino'
import { isOutOfReach, messageOf } from '../runtime/errors.ts'
import { sleep } from './bell.ts'
import type { CoordinatorDoor, Refusal } from './tenure.ts'

export interface CheckOptions extends Pick<CoordinatorDoor, 'readRequest'> {
  readonly log: Logger
  /** How long the sources of a request may take to answer. */
  readonly checkMs: number
  /** Ends the waiting for all checks; they then throw its reason. */
  readonly signal: AbortSignal
}

/**
 * Reads requests as `readRequest` does, and waits no longer than `checkMs`: what its sources do not answer by then is
 * refused. A check cannot be called off, so one that is overdue is not begun a second time before it has ended. Throws
 * only while the database or the broker is out of reach, which says nothing of the request.
 */
export const createRequestChecks = ({
  readRequest,
  log,
  checkMs,
  signal,
}: CheckOptions): CoordinatorDoor['readRequest'] => {
  const overdue = new Set<string>()
  return async (kbId, json) => {
    signal.throwIfAborted()
    const key = `${kbId} ${json}`
    const silent = silentFor(checkMs)
    if (overdue.has(key)) return silent
    const ended = new AbortController()
    const read = readRequest(kbId, json)
      .catch(error => failed(error, kbId, log))
      .finally(() => {
        ended.abort()
        overdue.delete(key)
      })
    const late = sleep(checkMs, AbortSignal.any([signal, ended.signal])).then(() => {
      if (!ended.signal.aborted) overdue.add(key)
      return silent
    })
    const answer = await Promise.race([read, late])
    signal.throwIfAborted()
    return answer
  }
}

const silentFor = (checkMs: number): Refusal => ({
  refused: {
    code: 'check_timeout',
    message:
      `Its sources did not answer within ${checkMs / 1000} s when they were checked: see whether their folders are ` +
      'mounted and their servers reachable from the coordinator, then ask again.',
  },
})

const failed = (error: unknown, kb: string, log: Logger): Refusal => {
  if (isOutOfReach(error)) throw error
  log.error({ kb, err: error, operation: 'check' }, `a request could not be checked: ${messageOf(error)}`)
  return { refused: { code: 'check_failed', message: `Its sources could not be checked: ${messageOf(error)}` } }
}
