import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import {
  BatchSpanProcessor,
  createAlwaysRecordSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { expect, test, vi } from 'vitest'
import { counted, keeping, Outbox } from '../../src/telemetry/keeping.ts'

/** A provider of which `ratio` of the traces are sampled, over an exporter that takes what it is given, or fails. */
const open = ({ ratio = 0, most = 10, error = null as Error | null } = {}) => {
  const got: ReadableSpan[] = []
  const [lost, found] = [vi.fn(), vi.fn()]
  const state = { error, hangs: false, now: 0 }
  const options = { slowMs: 1_000, most, lost, found, now: () => state.now }
  const outbox = new Outbox(options)
  const exporter = {
    export(spans: ReadableSpan[], done: (result: { code: number; error?: Error }) => void) {
      if (state.hangs) return
      if (!state.error) got.push(...spans)
      done(state.error ? { code: 1, error: state.error } : { code: 0 })
    },
    shutdown: async () => undefined,
  }
  const batches = new BatchSpanProcessor({ exporter: counted(exporter, outbox), maxQueueSize: most })
  const provider = new TracerProvider({
    sampler: createAlwaysRecordSampler(new TraceIdRatioBasedSampler(ratio)),
    spanProcessors: [keeping(batches, outbox, options)],
  })
  const flush = () => provider.forceFlush().catch(() => undefined)
  return { tracer: provider.getTracer('test'), got, lost, found, outbox, state, flush }
}

test('of traces that are not sampled, spans that failed or were slow are kept, with the ids of their trace', async () => {
  const { tracer, got, flush } = open()
  const start = Date.now()
  tracer.startSpan('quick', { startTime: start }).end(start + 999)
  tracer.startSpan('slow', { startTime: start }).end(start + 1_000)
  const failed = tracer.startSpan('failed', { startTime: start })
  failed.setStatus({ code: SpanStatusCode.ERROR })
  failed.end(start)
  await flush()
  expect(got.map(({ name }) => name)).toEqual(['slow', 'failed'])
  expect(got[1]!.spanContext().traceId).toBe(failed.spanContext().traceId)
})

test('what a span names to those after it is whether its trace is sampled, not whether it was kept', () => {
  const { tracer } = open()
  const span = tracer.startSpan('slow', { startTime: 0 })
  expect(span.spanContext().traceFlags).toBe(0)
  expect(span.isRecording()).toBe(true)
  expect(trace.isSpanContextValid(span.spanContext())).toBe(true)
})

test('of sampled traces all spans are kept', async () => {
  const { tracer, got, flush } = open({ ratio: 1 })
  tracer.startSpan('quick').end()
  await flush()
  expect(got.map(({ name }) => name)).toEqual(['quick'])
})

test('spans for which there is no room are dropped, counted, and said once', () => {
  const { tracer, lost, outbox, state } = open({ ratio: 1, most: 3 })
  state.hangs = true
  for (let i = 0; i < 8; i++) tracer.startSpan('one').end()
  expect(outbox.lost).toBe(5)
  expect(lost).toHaveBeenCalledExactlyOnceWith('3 spans wait already')
})

test('spans that a collector does not take are counted; that they arrive again is said once', async () => {
  const { tracer, got, lost, found, outbox, state, flush } = open({ ratio: 1, error: new Error('refused') })
  for (let i = 0; i < 4; i++) {
    tracer.startSpan('lost').end()
    await flush()
  }
  expect(outbox.lost).toBe(4)
  expect(lost).toHaveBeenCalledExactlyOnceWith('refused')
  state.error = null
  state.now = 10_000
  for (let i = 0; i < 2; i++) {
    tracer.startSpan('arrives').end()
    await flush()
  }
  expect(found).toHaveBeenCalledExactlyOnceWith(4)
  expect(got).toHaveLength(2)
})

test('a collector that takes some spans and loses others is said once, until it has lost none for ten seconds', async () => {
  const { tracer, lost, found, state, flush } = open({ ratio: 1 })
  const send = async (error: Error | null) => {
    state.error = error
    tracer.startSpan('one').end()
    await flush()
    state.now += 5_000
  }
  for (let i = 0; i < 3; i++) {
    await send(new Error('too late'))
    await send(null)
  }
  expect(lost).toHaveBeenCalledExactlyOnceWith('too late')
  expect(found).not.toHaveBeenCalled()
  await send(null)
  expect(found).toHaveBeenCalledExactlyOnceWith(3)
  await send(new Error('too late'))
  expect(lost).toHaveBeenCalledTimes(2)
})
