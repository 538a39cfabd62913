import type { RecordOf, Topic } from '../schemas/topics.ts'
import { Reject } from './errors.ts'
import type { Outcome, Stage, StageContext } from './stage.ts'

/** One outcome an input. Tries the slice whole; when a record of it is rejected, tries its records singly to find which. */
export const transformSlice = async <In extends Topic, Out extends readonly Topic[], W>(
  stage: Stage<In, Out, W>,
  inputs: readonly RecordOf<In>[],
  context: StageContext,
): Promise<readonly Outcome<Out[number]>[]> => {
  if (inputs.length === 0) return []
  try {
    return await stage.transform(inputs, context)
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    if (inputs.length === 1) return [error]
  }
  const outcomes: Outcome<Out[number]>[] = []
  for (const input of inputs) outcomes.push(...(await transformSlice(stage, [input], context)))
  return outcomes
}
