import { type Attributes, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'

/** Passes spans on with secrets hidden, as in the log: in what errors say, and in uris that may have one in their query. */
export const hiding = (next: SpanProcessor, hide: (text: string) => string): SpanProcessor => ({
  onStart: (span: Span, parent) => next.onStart(span, parent),
  onEnd: span => next.onEnd(mayTell(span) ? hidden(span, hide) : span),
  forceFlush: () => next.forceFlush(),
  shutdown: () => next.shutdown(),
})

const mayTell = ({ status, events, attributes: { 'penstock.uri': uri } }: ReadableSpan): boolean =>
  status.code === SpanStatusCode.ERROR || events.length > 0 || (typeof uri === 'string' && /[?@]/.test(uri))

const hidden = (span: ReadableSpan, hide: (text: string) => string): ReadableSpan => {
  const inAll = (attributes: Attributes = {}): Attributes =>
    Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? hide(value) : value]),
    )
  const { status, events, attributes } = span
  return Object.create(span, {
    status: { value: status.message === undefined ? status : { ...status, message: hide(status.message) } },
    events: { value: events.map(event => ({ ...event, attributes: inAll(event.attributes) })) },
    attributes: { value: inAll(attributes) },
  })
}
