import { messageOf } from '../runtime/errors.ts'
import type { Readiness } from './contract/answers.ts'

/** Something that a process needs to do its work. */
export interface Dependency {
  readonly name: string
  /** Resolves when it answers; throws with a sentence when it does not. */
  check(signal: AbortSignal): Promise<void>
}

type State = Readiness['dependencies'][number]

/** For how long, in ms, what was found is told again: anybody may ask, as often as he likes. */
const keptMs = 1_000

/** The states of these dependencies, asked at most once a second, and once for all who want them meanwhile. */
export const statesOf = (
  dependencies: readonly Dependency[],
  answerWithinMs: number,
): (() => Promise<readonly State[]>) => {
  let kept: { readonly until: number; readonly states: readonly State[] } | null = null
  let asking: Promise<readonly State[]> | null = null
  const ask = async (): Promise<readonly State[]> => {
    const states = await Promise.all(dependencies.map(one => stateOf(one, answerWithinMs)))
    kept = { until: performance.now() + keptMs, states }
    asking = null
    return states
  }
  return async () => {
    if (kept !== null && performance.now() < kept.until) return kept.states
    asking ??= ask()
    return asking
  }
}

/** Whether a dependency answers within so many milliseconds. */
const stateOf = async ({ name, check }: Dependency, answerWithinMs: number): Promise<State> => {
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
