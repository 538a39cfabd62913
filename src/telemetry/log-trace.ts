import { isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api'

/** The span that a line of the log is of, by the names of the schema; nothing where it is of none. */
export type TraceFields = { readonly trace_id?: string; readonly span_id?: string }

/** Errors that were thrown in a span, the outermost one: many are logged where the span has ended already. */
const thrown = new WeakMap<object, SpanContext>()

/** Remembers in which span an error was thrown, so that lines about it tell its trace. */
export const thrownIn = (error: unknown, span: SpanContext): void => {
  if (typeof error === 'object' && error !== null && isSpanContextValid(span)) thrown.set(error, span)
}

/**
 * What a line tells of its trace: the span that is active where it is written; of an error that is logged outside, the one
 * in which it was thrown. A line that names a trace by itself, of the document that it is about, tells that one alone.
 */
export const traceFields = (line: object): TraceFields => {
  if ('trace_id' in line) return {}
  const span = trace.getActiveSpan()?.spanContext() ?? thrownSpan('err' in line ? line.err : null)
  return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {}
}

const thrownSpan = (error: unknown): SpanContext | undefined =>
  typeof error === 'object' && error !== null ? thrown.get(error) : undefined
