import type { BrokerRecord } from '../kafka/broker.ts'
import type { Topic } from '../schemas/topics.ts'
import { originHeader } from '../schemas/trace-context.ts'
import type { SliceTrace, TracedInput } from './tracing.ts'

type Headers = ReturnType<SliceTrace['headers']>

export interface Inheriting {
  readonly stage: { readonly from: Topic }
  readonly lane: number
  readonly trace: Pick<SliceTrace, 'headers'>
}

/** Where its document began: what the record says, or the record itself. */
export const originOf = ({ headers, offset }: BrokerRecord, { name }: Topic, lane: number): string =>
  headers[originHeader] ?? `${name}/${lane}/${offset}`

/** The headers of what becomes of an input; those in a row that are the same are one object, which is written cheaper. */
export const inheriting = ({ trace, stage, lane }: Inheriting) => {
  let last: { readonly traced: Headers; readonly origin: string; readonly headers: Headers } | null = null
  return (input: TracedInput, document: string | null): Headers => {
    const traced = trace.headers(input, document)
    const origin = originOf(input.record, stage.from, lane)
    if (last?.traced !== traced || last.origin !== origin)
      last = { traced, origin, headers: { ...traced, [originHeader]: origin } }
    return last.headers
  }
}
