import type { Logger } from 'pino'
import type { Membership } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { Topic } from '../schemas/topics.ts'
import { applySlice } from './apply-slice.ts'
import { computing } from './computing.ts'
import type { Effects } from './effects.ts'
import { failpoint } from './failpoint.ts'
import type { Gate } from './gate.ts'
import { guardedSignal } from './guarded-signal.ts'
import { assertHeard } from './heard.ts'
import { askable } from './inputs.ts'
import type { Slice } from './lane-queue.ts'
import type { StageMeter } from './meter.ts'
import { type Said, type Settlement, settle } from './settle.ts'
import { SliceError } from './slice-error.ts'
import type { Sorted } from './sort-slice.ts'
import { sortSlice } from './sort-slice.ts'
import type { Stage, StageContext } from './stage.ts'
import type { Holding } from './takeover.ts'
import { tellSlice } from './tell-slice.ts'
import type { SliceTrace, Tracing } from './tracing.ts'
import { transformSlice } from './transform-slice.ts'
import type { Asker, Turns } from './turns.ts'

export interface WorkSliceOptions<W> {
  readonly stage: Stage<Topic, readonly Topic[], W>
  readonly holding: Holding
  readonly lane: number
  readonly slice: Slice
  readonly codec: Codec
  readonly gate: Gate
  readonly effects: Effects<W> | null
  readonly tracing: Tracing
  readonly signal: AbortSignal
  readonly log: Logger
  readonly meter?: StageMeter
  /** Asked before anything leaves the process: a worker that may be a zombie starts nothing. */
  readonly membership: Pick<Membership, 'silentMs' | 'sessionTimeoutMs'>
  readonly thread: Turns
  readonly asker: Asker
  /** How often this slice was tried, this time included; on the last one, records that break the stage are looked for. */
  readonly attempt: { readonly number: number; readonly last: boolean }
}

/** True when the lane went to another job while this slice was on its way. */
const changedHands = async (gate: Gate, lane: number, jobId: string): Promise<boolean> => {
  await gate.readToEnd()
  return gate.of(lane)?.job?.job_id !== jobId
}

/**
 * One slice, one transaction: sort, transform, effect, then {outputs, end marks, dead letters, progress, offset} as
 * one Kafka commit. Returns whether the job's end mark was in it, or `changed` when the lane is another job's by now
 * and nothing was done. Throws SliceError; nothing of the slice is visible then, save an effect that the applied row
 * remembers.
 */
export const workSlice = async <W>(options: WorkSliceOptions<W>): Promise<'worked' | 'ended' | 'changed'> => {
  const { stage, holding, lane, slice, codec, signal, gate, tracing } = options
  const { job } = holding
  await failpoint('slice.taken', { stage: stage.name, lane })
  await codec.prepare(slice.records.map(record => record.value)).catch(by('line'))
  const sorted = sortSlice(stage.from, slice, job.job_id, codec)
  if (sorted.foreign && (await changedHands(gate, lane, job.job_id).catch(by('line')))) return 'changed'

  const about = { stage: stage.name, topic: stage.from.name, job, lane, inputs: sorted.inputs }
  const trace = tracing.slice({ ...about, attempt: options.attempt.number })
  const guarded = guardedSignal(signal, () => assertHeard(options.membership))
  try {
    await trace.within(() => workSorted(options, sorted, trace, guarded.signal))
    trace.end('done')
    return sorted.ended ? 'ended' : 'worked'
  } catch (error) {
    trace.end(signal.aborted ? 'aborted' : { error: error instanceof SliceError ? error.cause : error })
    throw error
  } finally {
    guarded.end()
  }
}

const workSorted = async <W>(
  options: WorkSliceOptions<W>,
  { inputs, rejected, ended }: Sorted,
  trace: SliceTrace,
  guarded: AbortSignal,
): Promise<void> => {
  const { stage, holding, lane, slice, codec, signal, membership, attempt } = options
  const { job, transactor } = holding
  const started = performance.now()
  const where = { stage: stage.name, lane }

  const thread = computing(options.thread, options.asker, guarded)
  const said: { -readonly [K in keyof Said]: Said[K] } = { items: 0, rowDocuments: 0, total: null, message: null }
  const context: StageContext = {
    job,
    lane,
    signal: guarded,
    rest: thread.rest,
    log: options.log,
    total: items => {
      said.total = items
    },
    count: items => {
      said.items += items
    },
    countRowDocuments: documents => {
      said.rowDocuments += documents
    },
    ...askable(inputs, stage.from, lane, holding.control.starts[stage.from.name] ?? 0),
    say: message => {
      said.message = message
    },
  }
  assertHeard(membership)
  const values = inputs.map(input => input.value)
  const outcomes = await transformSlice(stage, values, context, attempt.last).catch(by('stage')).finally(thread.end)
  const transformed = performance.now()
  await failpoint('slice.transformed', where)

  signal.throwIfAborted()
  assertHeard(membership)
  const refused = await applySlice(options, inputs, outcomes, context).catch(by('store'))
  const effected = performance.now()
  await failpoint('slice.effected', where)

  signal.throwIfAborted()
  assertHeard(membership)
  let settled: Settlement
  try {
    settled = settle(codec, {
      stage: stage as Stage,
      job,
      lane,
      slice,
      inputs,
      outcomes,
      rejected: [...rejected, ...refused],
      ended,
      attempts: attempt.number,
      said,
      ms: performance.now() - started,
      trace,
    })
  } catch (error) {
    throw new SliceError('stage', error)
  }
  try {
    const transaction = await transactor.begin()
    for (const send of settled.sends) await transaction.send(send.topic, send.lane, send.records)
    await transaction.commitOffset(stage.name, stage.from.name, lane, slice.next)
    await failpoint('slice.ready', where)
    await transaction.commit()
    await failpoint('slice.committed', where)
  } catch (error) {
    throw new SliceError('line', error)
  }
  tellSlice(options, { inputs, outcomes, letters: settled.letters, items: said.items, started, transformed, effected })
}

const by =
  (origin: SliceError['origin']) =>
  (error: unknown): never => {
    throw new SliceError(origin, error)
  }
