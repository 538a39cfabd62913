import type { Logger } from 'pino'
import type { DeadLetter } from '../schemas/dead-letter.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { Slice } from './lane-queue.ts'
import type { SliceCount, StageMeter } from './meter.ts'
import type { Input } from './settle.ts'
import { isDiscard, type Outcome } from './stage.ts'

export interface Teller {
  readonly stage: { readonly name: string; readonly fansOut?: boolean }
  readonly holding: { readonly job: LaneJob }
  readonly slice: Slice
  readonly meter?: StageMeter
  readonly log: Logger
}

/** What a committed slice was; times are those of `performance.now()`. */
export interface Done {
  readonly inputs: readonly Input[]
  readonly outcomes: readonly Outcome[]
  /** Of each reject. */
  readonly letters: readonly DeadLetter[]
  /** What the stage itself counted. */
  readonly items: number
  readonly started: number
  readonly transformed: number
  readonly effected: number
}

/** Tells who counts, and the log, of a slice that was just committed. */
export const tellSlice = ({ stage, holding, slice, meter, log }: Teller, done: Done): void => {
  const { inputs, letters, started, transformed, effected } = done
  const committed = performance.now()
  meter?.sliceDone(countSlice(stage, holding.job, done, committed - started))
  const ms = (from: number, to: number) => Math.round(to - from)
  const times = {
    transform_ms: ms(started, transformed),
    effect_ms: ms(transformed, effected),
    commit_ms: ms(effected, committed),
  }
  for (const { code, message, trace_id, document_id, uri, offset } of letters)
    log.debug({ code, ...(trace_id && { trace_id }), document_id, uri, offset }, `rejected: ${message}`)
  log.debug({ first: slice.first, records: inputs.length, ...times }, 'slice done')
}

/** Counts what a slice did, from its inputs and outcomes. Pure. */
export const countSlice = (
  stage: Teller['stage'],
  job: LaneJob,
  { inputs, outcomes, letters, items }: Pick<Done, 'inputs' | 'outcomes' | 'letters' | 'items'>,
  ms: number,
): SliceCount => {
  const emitted = outcomes.flatMap(outcome =>
    outcome instanceof Error ? [] : outcome.flatMap(one => (isDiscard(one) ? [] : [one.value])),
  )
  const taken = inputs.map(({ value }) => value)
  const count = (records: readonly Value[], ...types: readonly string[]) =>
    records.filter(({ type }) => types.includes(type)).length
  const isTable = count(emitted, 'rows', 'table_end') > 0
  const found = items + count(taken, 'load_event')
  const documents = stage.fansOut ? (isTable ? emitted.filter(isLast).length : found) : taken.filter(isLast).length
  return {
    stage: stage.name,
    kbId: job.kb_id,
    model: job.embedding.model,
    seconds: ms / 1000,
    documents,
    chunksIn: count(taken, 'chunk', 'vector'),
    chunksOut: count(emitted, 'chunk'),
    embedded: emitted.filter(({ type, embedding }) => type === 'vector' && (embedding as Buffer).length > 0).length,
    codes: letters.map(({ code }) => code),
  }
}

type Value = Input['value']

/** A document, or its end, with all parts of it before. */
const isLast = ({ type, part, parts }: Value): boolean =>
  (type === 'document' || type === 'document_end') && Number(part) >= Number(parts) - 1
