import { Reject } from '../../src/runtime/errors.ts'
import { type Emission, isDiscard, type Outcome, type Stage, type StageContext } from '../../src/runtime/stage.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { RecordOf, Topic } from '../../src/schemas/topics.ts'
import { laneJob, silent } from './line.ts'

export interface TryOptions {
  readonly job?: Partial<LaneJob>
  readonly lane?: number
  readonly signal?: AbortSignal
}

/** What became of the records, in the order in which the runtime would send it. */
export interface Tried<Out extends Topic> {
  readonly emissions: readonly Emission<Out>[]
  readonly rejects: readonly { readonly input: number; readonly uri: string | null; readonly reject: Reject }[]
  readonly total: number | null
  readonly counted: number
  readonly message: string | null
  /** The values emitted to one topic. */
  of<T extends Out>(topic: T): RecordOf<T>[]
}

/**
 * Runs a stage's `transform` on one or more records without a broker, as the runtime does: when a slice fails with a
 * Reject, its records are tried singly to find the one.
 */
export const tryStage = async <In extends Topic, Out extends readonly Topic[], W>(
  stage: Stage<In, Out, W>,
  inputs: readonly RecordOf<In>[],
  options: TryOptions = {},
): Promise<Tried<Out[number]>> => {
  let total: number | null = null
  let counted = 0
  let message: string | null = null
  const job = laneJob(options.job)
  const context: StageContext = {
    job,
    lane: options.lane ?? job.lanes[0] ?? 0,
    signal: options.signal ?? new AbortController().signal,
    log: silent,
    total: items => {
      total = items
    },
    count: items => {
      counted += items
    },
    say: said => {
      message = said
    },
  }
  const outcomes = await attempt(stage, inputs, context)
  const emissions: Emission<Out[number]>[] = []
  const rejects: Tried<Out[number]>['rejects'][number][] = []
  outcomes.forEach((outcome, input) => {
    if (outcome instanceof Reject) rejects.push({ input, uri: null, reject: outcome })
    else
      for (const one of outcome)
        if (isDiscard(one)) rejects.push({ input, uri: one.uri, reject: one.discard })
        else emissions.push(one)
  })
  const of = <T extends Out[number]>(topic: T) =>
    emissions.filter(one => one.topic === topic).map(one => one.value as RecordOf<T>)
  return { emissions, rejects, total, counted, message, of }
}

const attempt = async <In extends Topic, Out extends readonly Topic[], W>(
  stage: Stage<In, Out, W>,
  inputs: readonly RecordOf<In>[],
  context: StageContext,
): Promise<readonly Outcome<Out[number]>[]> => {
  try {
    return await stage.transform(inputs, context)
  } catch (error) {
    if (!(error instanceof Reject)) throw error
    if (inputs.length === 1) return [error]
    const outcomes: Outcome<Out[number]>[] = []
    for (const input of inputs) outcomes.push(...(await attempt(stage, [input], context)))
    return outcomes
  }
}
