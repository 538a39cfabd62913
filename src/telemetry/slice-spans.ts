import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import {
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_MESSAGING_KAFKA_OFFSET,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
} from '@opentelemetry/semantic-conventions/incubating'
import type { BrokerRecord } from '../kafka/broker.ts'
import { Wait } from '../runtime/errors.ts'
import type { SliceAbout, SliceTrace, Tracing } from '../runtime/tracing.ts'
import { traceIdOf } from '../schemas/identity.ts'
import { rootSpanOf } from '../schemas/trace-context.ts'
import { headersOf, parentOf, spanContextOf } from './contexts.ts'
import { withIds } from './document-ids.ts'
import { thrownIn } from './log-trace.ts'
import { failed, tracer } from './spans.ts'

/** Links of one span; what has more shows the first of them. */
const mostLinks = 128

type Headers = ReturnType<typeof headersOf>
type SliceInput = SliceAbout['inputs'][number]

/** A span for each document of a slice, in the trace of the document; and one of the slice where it has not just one. */
export const tracing: Tracing = { slice: about => new SliceSpans(about) }

class SliceSpans implements SliceTrace {
  readonly #about: SliceAbout
  readonly #startTime = Date.now()
  readonly #documents = new Map<string, Span>()
  /** Of each record but bites, the span of its document. */
  readonly #spans = new Map<BrokerRecord, Span>()
  readonly #bites = new Map<BrokerRecord, SliceInput>()
  /** Of the record before: those of one document follow one another. */
  #last: { readonly traceparent: string; readonly document: string | null; readonly unit: string } | null = null
  readonly #headers = new Map<Span, Headers>()
  /** The document's, where there is one alone: what happens inside is in its trace then. */
  readonly #slice: Span
  readonly #alone: boolean

  constructor(about: SliceAbout) {
    this.#about = about
    const unitOf = about.inputs.map(input => this.#unitOf(input, documentOf(input)))
    const units = new Map<string, SliceInput>()
    for (const [i, input] of about.inputs.entries()) if (!units.has(unitOf[i]!)) units.set(unitOf[i]!, input)
    const [only] = units.values()
    this.#alone = units.size === 1 && only !== undefined && !isBite(only)
    if (this.#alone) this.#slice = this.#document(only!, documentOf(only!))
    else {
      const links = [...units.values()].flatMap(({ record }) => linkTo(record.headers)).slice(0, mostLinks)
      this.#slice = this.#start(ROOT_CONTEXT, [...this.#jobLink(), ...links], {
        ...this.#place(),
        [ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: about.inputs.length,
      })
      for (const input of units.values()) if (!isBite(input)) this.#document(input, documentOf(input))
    }
    for (const [i, input] of about.inputs.entries())
      if (isBite(input)) this.#bites.set(input.record, input)
      else this.#spans.set(input.record, this.#documents.get(unitOf[i]!)!)
  }

  within<T>(work: () => Promise<T>): Promise<T> {
    return context.with(trace.setSpan(ROOT_CONTEXT, this.#slice), work)
  }

  headers(record: BrokerRecord, document: string | null) {
    const span = this.#spanOf(record, document)
    const headers = this.#headers.get(span) ?? headersOf(span.spanContext())
    this.#headers.set(span, headers)
    return headers
  }

  rejected(record: BrokerRecord, document: string | null, why: { readonly code: string; readonly message: string }) {
    failed(this.#spanOf(record, document), Object.assign(new Error(why.message), { name: 'Reject', code: why.code }))
  }

  end(how: Parameters<SliceTrace['end']>[0]): void {
    if (typeof how === 'object') thrownIn(how.error, this.#slice.spanContext())
    const spans = this.#alone ? this.#documents.values() : [...this.#documents.values(), this.#slice]
    for (const span of spans) {
      if (how === 'aborted') span.setAttribute('penstock.aborted', true)
      else if (how !== 'done') told(span, how.error)
      span.end()
    }
  }

  #spanOf(record: BrokerRecord, document: string | null): Span {
    const own = this.#spans.get(record)
    if (own) return own
    const bite = this.#bites.get(record)
    return bite === undefined || document === null ? this.#slice : this.#document(bite, document)
  }

  #document(input: SliceInput, document: string | null): Span {
    const unit = this.#unitOf(input, document)
    const span = this.#documents.get(unit) ?? this.#begin(input, document)
    this.#documents.set(unit, span)
    return span
  }

  /** What has one span in a slice: a document, in one trace. */
  #unitOf({ record: { headers } }: SliceInput, document: string | null): string {
    const { traceparent = '' } = headers
    if (this.#last?.traceparent === traceparent && this.#last.document === document) return this.#last.unit
    const unit = `${spanContextOf(headers)?.traceId ?? ''}/${document ?? ''}`
    this.#last = { traceparent, document, unit }
    return unit
  }

  /** Goes on in the trace that the record is of; begins one where it has none. */
  #begin({ record, value }: SliceInput, document: string | null): Span {
    const { job } = this.#about
    const attributes: Attributes = {
      // What is the same for all is said by the slice, to which each links.
      ...(this.#alone ? this.#place() : {}),
      [ATTR_MESSAGING_KAFKA_OFFSET]: record.offset,
      ...(document === null || document === value.uri ? {} : { 'penstock.document_id': document }),
      ...(typeof value.uri === 'string' ? { 'penstock.uri': value.uri } : {}),
    }
    const parent = spanContextOf(record.headers)
    if (parent) return this.#start(parentOf(parent), this.#sliceLink(), attributes)
    const links = [...this.#sliceLink(), ...this.#jobLink()]
    // Of a stream, a document may come many times.
    if (!job || document === null || job.kind === 'stream') return this.#start(ROOT_CONTEXT, links, attributes)
    const traceId = traceIdOf(job.job_id, document)
    if (job.replay_of !== null) links.push(linkToTrace(traceIdOf(job.replay_of, document)))
    return withIds({ traceId, spanId: rootSpanOf(traceId) }, () => this.#start(ROOT_CONTEXT, links, attributes))
  }

  #start(parent: Context, links: Link[], more: Attributes): Span {
    const { stage, topic, job, attempt } = this.#about
    const attributes: Attributes = {
      [ATTR_MESSAGING_SYSTEM]: 'kafka',
      'penstock.attempt': attempt,
      ...(job ? { 'penstock.job_id': job.job_id, 'penstock.kb_id': job.kb_id } : {}),
      ...more,
    }
    const startTime = this.#startTime
    return tracer.startSpan(`${stage} ${topic}`, { kind: SpanKind.CONSUMER, startTime, links, attributes }, parent)
  }

  /** Where in Kafka the slice is. */
  #place(): Attributes {
    const { stage, topic, lane } = this.#about
    return {
      [ATTR_MESSAGING_OPERATION_NAME]: stage,
      [ATTR_MESSAGING_OPERATION_TYPE]: 'process',
      [ATTR_MESSAGING_DESTINATION_NAME]: topic,
      [ATTR_MESSAGING_DESTINATION_PARTITION_ID]: String(lane),
      [ATTR_MESSAGING_CONSUMER_GROUP_NAME]: stage,
    }
  }

  /** To the span of the whole slice, in which the calls are that were made for several documents at once. */
  #sliceLink(): Link[] {
    return this.#slice ? [{ context: this.#slice.spanContext() }] : []
  }

  #jobLink(): Link[] {
    const { job } = this.#about
    return job?.traceparent ? linkTo({ traceparent: job.traceparent }) : []
  }
}

/** Many documents come of it, that are not known before. */
const isBite = ({ value }: SliceInput): boolean => value.type === 'load_request'

/** To wait is not to fail. */
const told = (span: Span, error: unknown): void => {
  if (error instanceof Wait)
    span.addEvent('waiting', { 'error.type': error.code, 'penstock.retry_ms': error.retryAfterMs })
  else failed(span, error)
}

const documentOf = ({ value: { document_id, uri } }: SliceInput): string | null =>
  typeof document_id === 'string' ? document_id : typeof uri === 'string' ? uri : null

const linkTo = (headers: Readonly<Record<string, string>>): Link[] => {
  const span = spanContextOf(headers)
  return span ? [{ context: span }] : []
}

const linkToTrace = (traceId: string): Link => ({
  context: { traceId, spanId: rootSpanOf(traceId), traceFlags: 1, isRemote: true },
})
