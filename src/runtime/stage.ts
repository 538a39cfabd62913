import type { Logger } from 'pino'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { Phase } from '../schemas/names.ts'
import type { AnyRecord, RecordOf, Topic } from '../schemas/topics.ts'
import type { Rest } from './computing.ts'
import type { RefusedPart } from './effects.ts'
import type { Reject } from './errors.ts'

/**
 * One box of the line: it turns records of one topic into records of the next, and does nothing else. It knows no
 * Kafka, no environment and no SQL. End marks never reach it: the runtime passes them on.
 *
 * `W` is what a stage with an effect writes to; a stage without one has `null`.
 */
export interface Stage<In extends Topic = Topic, Out extends readonly Topic[] = readonly Topic[], W = unknown> {
  /** Also the consumer group, the span name and the metric label. */
  readonly name: string
  readonly phase: Phase
  readonly from: In
  readonly to: Out
  /** How much it takes at once from a lane. */
  readonly slice: { readonly records: number; readonly bytes: number }
  /**
   * True where the work on a job is computing in this process rather than waiting for another: then slices of several of
   * its lanes at once would be no quicker, and only stand in the way of other jobs.
   */
  computes?(job: LaneJob): boolean
  /** True for a stage whose end mark in its first lane ends all lanes of its outputs (LOADING). */
  readonly fansOut?: boolean
  /** True for an input that is a step of the job, which cannot go on without it: it is not rejected for a defect of the stage. */
  isStep?(input: RecordOf<In>): boolean
  /**
   * Entry i is what became of inputs[i]. Throwing a Reject makes the runtime halve the inputs to find the one;
   * a Fatal fails the phase; anything else is retried, then fails the phase, unless it is a defect that shows on single
   * records alone: these are rejected.
   */
  transform(inputs: readonly RecordOf<In>[], context: StageContext): Promise<readonly Outcome<Out[number]>[]>
  /** What takes the place of an input that the runtime had to reject, the Discard included; the reject alone unless given. */
  instead?(input: RecordOf<In>, reject: Reject, context: StageContext): Outcome<Out[number]>
  /**
   * Writes the slice to the store, inside the transaction that moves the applied row: all of it happens once.
   * Returns the inputs it had to reject, or the parts of them, by index. Called after `transform`, with those of its inputs that it kept.
   */
  readonly effect?: (
    inputs: readonly RecordOf<In>[],
    writer: W,
    context: StageContext,
  ) => Promise<ReadonlyMap<number, Reject | readonly RefusedPart[]>>
}

/** The records an input became (none is fine), with the parts of it that were rejected, or why all of it never will. */
export type Outcome<Out extends Topic = Topic> = readonly (Emission<Out> | Discard)[] | Reject

/** A part of an input that can never succeed, while the rest goes on: one file of a bite, one chunk that left a stub. */
export interface Discard {
  readonly discard: Reject
  readonly uri: string | null
  /** The document it is about, where the input itself does not name it. */
  readonly document?: { readonly id: string; readonly source: string }
}

export const isDiscard = (one: Emission | Discard): one is Discard => 'discard' in one

/** One record for one of the declared output topics; `lane` is the input's own unless stated. */
export interface Emission<T extends Topic = Topic> {
  readonly topic: T
  readonly key: string
  readonly value: RecordOf<T>
  readonly lane?: number
}

/** What is kept of how a document came here. */
export interface Lineage {
  /** W3C trace context of what made the record, where there is one. */
  readonly traceparent: string | null
  /** The record that began the document, as `topic/partition/offset`. */
  readonly origin: string
}

export interface StageContext {
  readonly job: LaneJob
  readonly lane: number
  /**
   * Aborts when the lane is taken away or held, the job is cancelled or the process stops. Ask `throwIfAborted` before
   * each call to the outside: it also throws when the group may have given this worker up.
   */
  readonly signal: AbortSignal
  /** For a stage that computes: see `Rest`. */
  readonly rest: Rest
  readonly log: Logger
  /** What the source expects in all, where it can know; shown as the total of the phase. */
  total(items: number): void
  /** Adds to the items of this slice, for a stage whose inputs are not what it counts (LOADING: documents found). */
  count(items: number): void
  /** Adds to the documents of this slice that are no items: of rows of tables, which are items themselves. */
  countRowDocuments(documents: number): void
  /** Where an input stands in its lane, counted from the first record of the job: larger came later, for ever the same. */
  placeOf(input: AnyRecord): number
  /** Where an input came from. */
  lineageOf(input: AnyRecord): Lineage
  /** A sentence for the status page, the last one of a slice counts. */
  say(message: string): void
}

export const defineStage = <const In extends Topic, const Out extends readonly Topic[], W = null>(
  stage: Stage<In, Out, W>,
): Stage<In, Out, W> => Object.freeze(stage)

/** An emission with its types checked together. */
export const emit = <T extends Topic>(topic: T, key: string, value: RecordOf<T>, lane?: number): Emission<T> =>
  lane === undefined ? { topic, key, value } : { topic, key, value, lane }
