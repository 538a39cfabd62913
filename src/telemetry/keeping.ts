import { type Context, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, hrTimeToMilliseconds } from '@opentelemetry/core'
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'

export interface KeepingOptions {
  /** A span that takes as long is kept although its trace is not sampled, in ms. */
  readonly slowMs: number
  /** Spans that wait or are on their way, at most; those beyond are dropped. */
  readonly most: number
  /**
   * Told when the first span of a row is lost, and why; and when spans arrive again and none was lost for ten seconds, with
   * how many were. A collector that is slow loses some and takes others by turns, which is one row.
   */
  lost(why: string): void
  found(lost: number): void
  /** Milliseconds, monotonic; those of this process unless stated. */
  now?(): number
}

const quietMs = 10_000

/** Spans that wait or are on their way, and those that were lost. */
export class Outbox {
  readonly #options: KeepingOptions
  #waiting = 0
  #lost = 0
  #inARow = 0
  #lastLoss = 0

  constructor(options: KeepingOptions) {
    this.#options = options
  }

  /** Since the start of the process. */
  get lost(): number {
    return this.#lost
  }

  /** False where there is no room for one more. */
  take(): boolean {
    if (this.#waiting >= this.#options.most) {
      this.#lose(1, `${this.#waiting} spans wait already`)
      return false
    }
    this.#waiting += 1
    return true
  }

  sent(spans: number, error: Error | null): void {
    this.#waiting -= spans
    if (error) this.#lose(spans, error.message)
    else if (this.#inARow > 0 && this.#now() - this.#lastLoss >= quietMs) {
      this.#options.found(this.#inARow)
      this.#inARow = 0
    }
  }

  #lose(spans: number, why: string): void {
    if (this.#inARow === 0) this.#options.lost(why)
    this.#inARow += spans
    this.#lost += spans
    this.#lastLoss = this.#now()
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now()
  }
}

/** Counts what an exporter sends, for the outbox. */
export const counted = (exporter: SpanExporter, outbox: Outbox): SpanExporter => ({
  export(spans, done) {
    exporter.export(spans, (result: ExportResult) => {
      const failed = result.code === ExportResultCode.SUCCESS ? null : (result.error ?? new Error('not sent'))
      outbox.sent(spans.length, failed)
      done(result)
    })
  },
  shutdown: () => exporter.shutdown(),
})

/**
 * Passes on the spans of sampled traces, and of others those that failed or were slow: these carry the ids of their trace
 * and their parent, so that the trace is found, if with gaps.
 */
export const keeping = (next: SpanProcessor, outbox: Outbox, { slowMs }: KeepingOptions): SpanProcessor => ({
  onStart: (span: Span, parent: Context) => next.onStart(span, parent),
  onEnd(span) {
    const sampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0
    const worthy = span.status.code === SpanStatusCode.ERROR || hrTimeToMilliseconds(span.duration) >= slowMs
    if ((sampled || worthy) && outbox.take()) next.onEnd(sampled ? span : asSampled(span))
  },
  forceFlush: () => next.forceFlush(),
  shutdown: () => next.shutdown(),
})

/** What comes after lets only sampled spans pass. */
const asSampled = (span: ReadableSpan): ReadableSpan =>
  Object.create(span, {
    spanContext: { value: () => ({ ...span.spanContext(), traceFlags: TraceFlags.SAMPLED }) },
  })
