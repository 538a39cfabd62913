import { computing } from '../../src/runtime/computing.ts'
import { Reject } from '../../src/runtime/errors.ts'
import { type Emission, isDiscard, type Stage, type StageContext } from '../../src/runtime/stage.ts'
import { transformSlice } from '../../src/runtime/transform-slice.ts'
import { createTurns } from '../../src/runtime/turns.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { RecordOf, Topic } from '../../src/schemas/topics.ts'
import { laneJob } from './line.ts'
import { silent } from './log.ts'

export interface TryOptions {
  readonly job?: Partial<LaneJob>
  readonly lane?: number
  readonly signal?: AbortSignal
  /** Where the first input stands in its lane. */
  readonly firstPlace?: number
  /** As on the last attempt: records that break the stage are looked for. */
  readonly last?: boolean
}

/** What became of the records, in the order in which the runtime would send it. */
export interface Tried<Out extends Topic> {
  readonly emissions: readonly Emission<Out>[]
  readonly rejects: readonly { readonly input: number; readonly uri: string | null; readonly reject: Reject }[]
  readonly total: number | null
  readonly counted: number
  readonly rowDocuments: number
  readonly message: string | null
  /** The values emitted to one topic. */
  of<T extends Out>(topic: T): RecordOf<T>[]
}

/**
 * Runs a stage's `transform` on one or more records without a broker, by the runtime's own rule for a slice of which a
 * record is rejected.
 */
export const tryStage = async <In extends Topic, Out extends readonly Topic[], W>(
  stage: Stage<In, Out, W>,
  inputs: readonly RecordOf<In>[],
  options: TryOptions = {},
): Promise<Tried<Out[number]>> => {
  let total: number | null = null
  let counted = 0
  let rowDocuments = 0
  let message: string | null = null
  const job = laneJob(options.job)
  const signal = options.signal ?? new AbortController().signal
  const thread = computing(createTurns(1), { job: job.job_id, weight: 1 }, signal)
  const context: StageContext = {
    job,
    lane: options.lane ?? job.lanes[0] ?? 0,
    signal,
    rest: thread.rest,
    log: silent,
    total: items => {
      total = items
    },
    count: items => {
      counted += items
    },
    countRowDocuments: documents => {
      rowDocuments += documents
    },
    lineageOf: () => ({ traceparent: null, origin: 'test/0/0' }),
    placeOf: input => {
      const place = inputs.indexOf(input as never)
      if (place < 0) throw new Error('not an input')
      return (options.firstPlace ?? 0) + place
    },
    say: said => {
      message = said
    },
  }
  const outcomes = await transformSlice(stage, inputs, context, options.last).finally(thread.end)
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
  return { emissions, rejects, total, counted, rowDocuments, message, of }
}
