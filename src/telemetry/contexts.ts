import { type Context, createTraceState, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api'
import { readTraceparent, traceparentOf } from '../schemas/trace-context.ts'

type Headers = Readonly<Record<string, string>>

/** The span that headers name, or null where they name none. */
export const spanContextOf = ({ traceparent, tracestate }: Headers): SpanContext | null => {
  const read = readTraceparent(traceparent)
  if (!read) return null
  const { traceId, spanId, sampled } = read
  const state = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true, ...state }
}

/** As a parent for spans of this process. */
export const parentOf = (span: SpanContext | null): Context =>
  span ? trace.setSpanContext(ROOT_CONTEXT, span) : ROOT_CONTEXT

/** The headers that name a span. */
export const headersOf = ({ traceId, spanId, traceFlags, traceState }: SpanContext): Headers => {
  const traceparent = traceparentOf({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 })
  const tracestate = traceState?.serialize() ?? ''
  return tracestate === '' ? { traceparent } : { traceparent, tracestate }
}
