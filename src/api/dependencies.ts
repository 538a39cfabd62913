import { messageOf } from '../runtime/errors.ts'
import type { Readiness } from './contract/answers.ts'

/** Something that a process needs to do its work. */
export interface Dependency {
  readonly name: string
  /** Resolves when it answers; throws with a sentence when it does not. */
  check(signal: AbortSignal): Promise<void>
}

/** Whether a dependency answers within so many milliseconds. */
export const stateOf = async (
  { name, check }: Dependency,
  answerWithinMs: number,
): Promise<Readiness['dependencies'][number]> => {
  const signal = AbortSignal.timeout(answerWithinMs)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`No answer within ${answerWithinMs / 1000} s.`)))
  })
  try {
    await Promise.race([check(signal), late])
    return { name, ready: true, message: null }
  } catch (error) {
    return { name, ready: false, message: messageOf(error) }
  }
}
