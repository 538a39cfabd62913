import type { BrokerRecord } from '../kafka/broker.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { AnyRecord } from '../schemas/topics.ts'
import { inheritedTrace } from '../schemas/trace-context.ts'

/** The port to what records how slices go. Without one, records carry on the context that they came with. */
export interface Tracing {
  slice(about: SliceAbout): SliceTrace
}

export interface SliceAbout {
  readonly stage: string
  /** The topic that it was read from. */
  readonly topic: string
  /** null for INTAKE, whose records are of no job yet. */
  readonly job: LaneJob | null
  readonly lane: number
  readonly inputs: readonly { readonly record: BrokerRecord; readonly value: AnyRecord }[]
  /** How often it was tried, this time included. */
  readonly attempt: number
}

/** What becomes of an input is told with it; its value is null where it could not be read. */
export interface TracedInput {
  readonly record: BrokerRecord
  readonly value: AnyRecord | null
}

/** The spans of one attempt of one slice: of the slice, and of each document in it. */
export interface SliceTrace {
  /** Calls that `work` makes are shown inside the slice. */
  within<T>(work: () => Promise<T>): Promise<T>
  /** The trace headers of a record that an input became; `document` where it is about one. */
  headers(input: TracedInput, document: string | null): Readonly<Record<string, string>>
  /** An input, or a part of it, went to the dead letters. */
  rejected(input: TracedInput, document: string | null, why: { readonly code: string; readonly message: string }): void
  /** `aborted` is no fault: the lane was held, lost, or its process stops. */
  end(how: 'done' | 'aborted' | { readonly error: unknown }): void
}

/** Passes on what came along, and records nothing. */
export const untraced: Tracing = {
  slice: () => ({
    within: work => work(),
    headers: ({ record }) => inheritedTrace(record.headers),
    rejected: () => undefined,
    end: () => undefined,
  }),
}
