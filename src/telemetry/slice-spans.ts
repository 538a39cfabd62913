import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
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
import { Wait } from '../runtime/errors.ts'
import type { SliceAbout, SliceTrace, TracedInput, Tracing } from '../runtime/tracing.ts'
import { traceIdOf } from '../schemas/identity.ts'
import { rootSpanOf } from '../schemas/trace-context.ts'
import { headersOf, parentOf, spanContextOf } from './contexts.ts'
import { withIds } from './document-ids.ts'
import { thrownIn } from './log-trace.ts'
import { isBite, SliceUnits, type Unit } from './slice-units.ts'
import { failed, tracer } from './spans.ts'

/** Links of one span; what has more shows the first of them. */
const mostLinks = 128

/** A span for each document of a slice, in the trace of the document; and one of the slice where it has not just one. */
export const tracing: Tracing = { slice: about => new SliceSpans(about) }

class SliceSpans implements SliceTrace {
  readonly #about: SliceAbout
  readonly #startTime = Date.now()
  /** What all spans of the slice say. */
  readonly #common: Attributes
  readonly #units = new SliceUnits()
  #lastHeaders: { readonly span: Span; readonly headers: ReturnType<typeof headersOf> } | null = null
  /** The document's, where there is one alone: what happens inside is in its trace then. */
  readonly #slice: Span
  readonly #alone: boolean

  constructor(about: SliceAbout) {
    this.#about = about
    this.#common = commonOf(about)
    for (const input of about.inputs) this.#units.of(input)
    const units = this.#units.all()
    const [only] = units
    this.#alone = units.length === 1 && only !== undefined && !isBite(only.input)
    if (this.#alone) this.#slice = this.#spanOf(only!)
    else {
      const senders = units.flatMap(({ sender }) => linkTo(sender)).slice(0, mostLinks)
      this.#slice = this.#start(ROOT_CONTEXT, [...this.#jobLink(), ...senders], {
        ...this.#place(),
        [ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: about.inputs.length,
      })
      for (const unit of units) if (!isBite(unit.input)) this.#spanOf(unit)
    }
  }

  within<T>(work: () => Promise<T>): Promise<T> {
    return context.with(trace.setSpan(ROOT_CONTEXT, this.#slice), work)
  }

  headers(input: TracedInput, document: string | null) {
    const span = this.#spanFor(input, document)
    if (this.#lastHeaders?.span !== span) this.#lastHeaders = { span, headers: headersOf(span.spanContext()) }
    return this.#lastHeaders.headers
  }

  rejected(input: TracedInput, document: string | null, why: { readonly code: string; readonly message: string }) {
    failed(this.#spanFor(input, document), Object.assign(new Error(why.message), { name: 'Reject', code: why.code }))
  }

  end(how: Parameters<SliceTrace['end']>[0]): void {
    if (typeof how === 'object') thrownIn(how.error, this.#slice.spanContext())
    const documents = this.#units.all().flatMap(({ span }) => span ?? [])
    for (const span of this.#alone ? documents : [...documents, this.#slice]) {
      if (how === 'aborted') span.setAttribute('penstock.aborted', true)
      else if (how !== 'done') told(span, how.error)
      span.end()
    }
  }

  /** Of what could not be read, the slice's. */
  #spanFor(input: TracedInput, document: string | null): Span {
    if (!isRead(input)) return this.#slice
    if (!isBite(input)) return this.#spanOf(this.#units.of(input))
    return document === null ? this.#slice : this.#spanOf(this.#units.of(input, document))
  }

  #spanOf(unit: Unit): Span {
    unit.span ??= this.#begin(unit)
    return unit.span
  }

  /** Goes on in the trace that the record is of; begins one where it has none. */
  #begin({ input: { record, value }, document, sender }: Unit): Span {
    const { job } = this.#about
    const attributes: Attributes = {
      // What is the same for all is said by the slice, to which each links.
      ...(this.#alone ? this.#place() : {}),
      [ATTR_MESSAGING_KAFKA_OFFSET]: record.offset,
      ...(document === null || document === value.uri ? {} : { 'penstock.document_id': document }),
      ...(typeof value.uri === 'string' ? { 'penstock.uri': value.uri } : {}),
    }
    if (sender) return this.#start(parentOf(sender), this.#sliceLink(), attributes)
    const links = [...this.#sliceLink(), ...this.#jobLink()]
    // Of a stream, a document may come many times.
    if (!job || document === null || job.kind === 'stream') return this.#start(ROOT_CONTEXT, links, attributes)
    const traceId = traceIdOf(job.job_id, document)
    if (job.replay_of !== null) links.push(linkToTrace(traceIdOf(job.replay_of, document)))
    return withIds({ traceId, spanId: rootSpanOf(traceId) }, () => this.#start(ROOT_CONTEXT, links, attributes))
  }

  #start(parent: Context, links: Link[], more: Attributes): Span {
    const { stage, topic } = this.#about
    const attributes = { ...this.#common, ...more }
    const startTime = this.#startTime
    return tracer.startSpan(`${stage} ${topic}`, { kind: SpanKind.CONSUMER, startTime, links, attributes }, parent)
  }

  /** Where in Kafka the slice is. */
  #place(): Attributes {
    const { stage, topic, lane } = this.#about
    return {
      [ATTR_MESSAGING_SYSTEM]: 'kafka',
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
    return job?.traceparent ? linkTo(spanContextOf({ traceparent: job.traceparent })) : []
  }
}

const commonOf = ({ job, attempt }: SliceAbout): Attributes => ({
  ...(attempt > 1 ? { 'penstock.attempt': attempt } : {}),
  ...(job ? { 'penstock.job_id': job.job_id, 'penstock.kb_id': job.kb_id } : {}),
})

const isRead = (input: TracedInput): input is SliceAbout['inputs'][number] => input.value !== null

/** To wait is not to fail. */
const told = (span: Span, error: unknown): void => {
  if (error instanceof Wait)
    span.addEvent('waiting', { 'error.type': error.code, 'penstock.retry_ms': error.retryAfterMs })
  else failed(span, error)
}

const linkTo = (span: SpanContext | null): Link[] => (span ? [{ context: span }] : [])

const linkToTrace = (traceId: string): Link => ({
  context: { traceId, spanId: rootSpanOf(traceId), traceFlags: 1, isRemote: true },
})
