import { type Attributes, type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { thrownIn } from './log-trace.ts'
import { queryText } from './query-text.ts'

/** The tracer of everything; it records nothing until the SDK is started. */
export const tracer = trace.getTracer('penstock')

export const kinds = SpanKind

/** Ends a span with what became of its work. */
export const failed = (span: Span, error: unknown): void => {
  const one = error instanceof Error ? error : new Error(String(error))
  span.recordException(one)
  span.setStatus({ code: SpanStatusCode.ERROR, message: one.message.slice(0, longestMessage) })
  if ('code' in one && typeof one.code === 'string') span.setAttribute('error.type', one.code)
  else span.setAttribute('error.type', one.name)
}

const longestMessage = 1024

/** What a span is told of its work. */
export interface Told {
  set(attributes: Attributes): void
}

/**
 * Work as a span within the one that is active; without one, or after its end, it gets none, so that what goes on by itself
 * (look-ups, polls) makes no traces, whoever began it.
 */
export const inSpan = async <T>(
  name: string,
  attributes: Attributes,
  work: (span: Told) => Promise<T>,
  kind: SpanKind = SpanKind.CLIENT,
): Promise<T> => {
  if (!trace.getActiveSpan()?.isRecording()) return work(untold)
  const span = tracer.startSpan(name, { kind, attributes })
  return within(span, context.active(), () => work({ set: more => span.setAttributes(more) }))
}

/** One statement of SQL as such a span, with its text and without its values; `sql` is asked for only if there is one. */
export const inStatementSpan = <T>(sql: () => string, work: () => Promise<T>): Promise<T> => {
  if (!trace.getActiveSpan()?.isRecording()) return work()
  const { operation, summary, text } = queryText(sql())
  const attributes = {
    ...{ 'db.system.name': 'postgresql', 'db.operation.name': operation },
    ...{ 'db.query.summary': summary, 'db.query.text': text },
  }
  return inSpan(summary, attributes, work)
}

const untold: Told = { set: () => undefined }

/** Runs work with the span as the active one, and ends it; `wrong` tells it what was thrown. */
export const within = async <T>(
  span: Span,
  under: Context,
  work: () => Promise<T>,
  wrong = (error: unknown) => failed(span, error),
): Promise<T> => {
  try {
    return await context.with(trace.setSpan(under, span), work)
  } catch (error) {
    thrownIn(error, span.spanContext())
    wrong(error)
    throw error
  } finally {
    span.end()
  }
}
