import type { RecordOf, Topic } from '../schemas/topics.ts'
import { isDefect, messageOf, Reject } from './errors.ts'
import { failpoint } from './failpoint.ts'
import type { Outcome, Stage, StageContext } from './stage.ts'

/** A record that was rejected because the stage broke on it, and on its neighbours not. */
export const failedAlone = 'failed_alone'

/**
 * One outcome an input. Tries the slice whole; when a record of it is rejected, halves it until those that are at fault
 * stand alone.
 *
 * On the `last` attempt a defect of the stage (see `isDefect`) is looked for in the same way: a record that fails alone
 * while others pass is rejected, and so is one that has no neighbour. Where all of several items fail (what counts as
 * an item, the topic says), it is not the records' fault: the error is thrown, and the phase fails with none rejected.
 */
export const transformSlice = async <In extends Topic, Out extends readonly Topic[], W>(
  stage: Stage<In, Out, W>,
  inputs: readonly RecordOf<In>[],
  context: StageContext,
  last = false,
): Promise<readonly Outcome<Out[number]>[]> => {
  const defects = new Map<RecordOf<In>, unknown>()
  const isolates = (error: unknown, some: readonly RecordOf<In>[]) =>
    last && !some.some(one => stage.isStep?.(one)) && !context.signal.aborted && isDefect(error)
  const tried = async (some: readonly RecordOf<In>[]): Promise<readonly Outcome<Out[number]>[]> => {
    if (some.length === 0) return []
    try {
      await failpoint('stage.called', { stage: stage.name, lane: context.lane, inputs: some })
      return await stage.transform(some, context)
    } catch (error) {
      if (!(error instanceof Reject || isolates(error, some))) throw error
      if (some.length === 1) return [rejected(some[0]!, error)]
    }
    const middle = some.length >> 1
    return [...(await tried(some.slice(0, middle))), ...(await tried(some.slice(middle)))]
  }
  const rejected = (input: RecordOf<In>, error: unknown): Outcome<Out[number]> => {
    if (!(error instanceof Reject)) defects.set(input, error)
    const reject = error instanceof Reject ? error : alone(stage.phase, error)
    return stage.instead?.(input, reject, context) ?? reject
  }
  const outcomes = await tried(inputs)
  const items = inputs.filter(input => stage.from.counts(input) > 0)
  if (items.length > 1 && items.every(item => defects.has(item))) throw defects.get(items[0]!)
  return outcomes
}

const alone = (phase: string, error: unknown): Reject => {
  const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : ''
  return new Reject(failedAlone, `${phase} breaks on this record and on no other: ${name}${messageOf(error)}`, {
    cause: error,
  })
}
