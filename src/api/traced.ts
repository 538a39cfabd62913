import { type Span, SpanKind, trace } from '@opentelemetry/api'
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
} from '@opentelemetry/semantic-conventions'
import type { FastifyRequest } from 'fastify'
import { headersOf, parentOf, spanContextOf } from '../telemetry/contexts.ts'
import { failed, tracer, within } from '../telemetry/spans.ts'
import type { Route } from './contract/route.ts'
import { asApiError } from './errors.ts'
import type { RequestTrace } from './handler.ts'

/** Spans to which one request links, at most. */
const mostLinks = 128

/** Answers a request inside a span, which goes on in the caller's trace where it sends one along. */
export const traced = async <T extends { readonly status: number }>(
  { method, path, tag, streams }: Route,
  request: FastifyRequest,
  answer: (trace: RequestTrace) => Promise<T>,
): Promise<T> => {
  const parent = parentOf(spanContextOf(textsOf(request.headers)))
  // Probes come every few seconds, and a stream of events lasts as long as somebody looks.
  if (tag === 'service' || streams) return answer(traceOf(trace.getSpan(parent)))
  const attributes = { [ATTR_HTTP_REQUEST_METHOD]: method, [ATTR_HTTP_ROUTE]: path, [ATTR_URL_PATH]: pathOf(request) }
  const span = tracer.startSpan(`${method} ${path}`, { kind: SpanKind.SERVER, attributes }, parent)
  span.setAttribute('penstock.request_id', request.id)
  return within(
    span,
    parent,
    async () => {
      const reply = await answer(traceOf(span))
      span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, reply.status)
      return reply
    },
    error => {
      const { status } = asApiError(error)
      span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status)
      if (status >= 500) failed(span, error)
    },
  )
}

const traceOf = (span: Span | undefined): RequestTrace => {
  const own = span?.spanContext()
  const known = own !== undefined && trace.isSpanContextValid(own)
  return {
    traceparent: known ? (headersOf(own).traceparent ?? null) : null,
    link(traceparents) {
      for (const traceparent of new Set(traceparents.slice(0, mostLinks))) {
        const context = spanContextOf({ traceparent })
        if (context) span?.addLink({ context })
      }
    },
  }
}

const textsOf = ({ traceparent, tracestate }: FastifyRequest['headers']): Readonly<Record<string, string>> => ({
  ...(typeof traceparent === 'string' ? { traceparent } : {}),
  ...(typeof tracestate === 'string' ? { tracestate } : {}),
})

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? url
