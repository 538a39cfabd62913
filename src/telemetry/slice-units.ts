import type { Span, SpanContext } from '@opentelemetry/api'
import type { SliceAbout } from '../runtime/tracing.ts'
import { spanContextOf } from './contexts.ts'

type SliceInput = SliceAbout['inputs'][number]

/** What has one span in a slice: a document, in one trace. A bite has none itself, only the documents that come of it. */
export interface Unit {
  /** The first of its records. */
  readonly input: SliceInput
  readonly document: string | null
  /** The span that sent it. */
  readonly sender: SpanContext | null
  /** null until one is asked for. */
  span: Span | null
}

/** The units of a slice, in the order in which they were first asked for. */
export class SliceUnits {
  readonly #byKey = new Map<string, Unit>()
  /** Of the record before: those of one document follow one another, and there are many. */
  #last: { readonly traceparent: string; readonly document: string | null; readonly unit: Unit } | null = null

  all(): readonly Unit[] {
    return [...this.#byKey.values()]
  }

  /** That of a document, the input's own unless stated. */
  of(input: SliceInput, document: string | null = documentOf(input)): Unit {
    const { headers } = input.record
    const { traceparent = '' } = headers
    if (this.#last?.traceparent === traceparent && this.#last.document === document) return this.#last.unit
    const sender = spanContextOf(headers)
    const key = `${sender?.traceId ?? ''}/${document ?? ''}`
    const unit = this.#byKey.get(key) ?? { input, document, sender, span: null }
    this.#byKey.set(key, unit)
    this.#last = { traceparent, document, unit }
    return unit
  }
}

/** Many documents come of it, that are not known before. */
export const isBite = ({ value }: SliceInput): boolean => value.type === 'load_request'

/** What the record itself is about. */
export const documentOf = ({ value: { document_id, uri } }: SliceInput): string | null =>
  typeof document_id === 'string' ? document_id : typeof uri === 'string' ? uri : null
