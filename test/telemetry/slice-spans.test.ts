import { expect, test } from 'vitest'
import { Wait } from '../../src/runtime/errors.ts'
import type { SliceAbout } from '../../src/runtime/tracing.ts'
import { traceIdOf } from '../../src/schemas/identity.ts'
import { readTraceparent, rootSpanOf } from '../../src/schemas/trace-context.ts'
import { laneJob } from '../kit/line.ts'
import { until } from '../kit/until.ts'
import { useCollected } from './collected.ts'

const collected = useCollected()

const input = (document_id: string, headers: Readonly<Record<string, string>> = {}, offset = 0) => ({
  record: { offset, key: 'k', value: Buffer.alloc(0), headers, timestamp: 0 },
  value: { type: 'chunk', document_id },
})
const slice = (inputs: SliceAbout['inputs'], about: Partial<SliceAbout> = {}) =>
  collected.tracing.slice({
    ...{ stage: 'embedding', topic: 'chunks', job: laneJob(), lane: 0, attempt: 1, inputs },
    ...about,
  })
const gotSpan = (spanId: string) =>
  until(`the span ${spanId}`, () => collected.spans.find(span => span.spanId === spanId))
const parent = (traceId: string, spanId: string) => ({ traceparent: `00-${traceId}-${spanId}-01` })

test('records of one document have one span, whatever their parents in its trace; what becomes of them names it', async () => {
  const [one, two] = [traceIdOf('job-1', 'one'), traceIdOf('job-1', 'two')]
  const inputs = [
    input('one', parent(one, '1'.repeat(16))),
    input('two', parent(two, '2'.repeat(16))),
    input('one', parent(one, '3'.repeat(16))),
  ]
  const trace = slice(inputs)
  const named = inputs.map(one => readTraceparent(trace.headers(one, null).traceparent)!)
  trace.end('done')
  expect(named.map(({ traceId }) => traceId)).toEqual([one, two, one])
  expect(named[2]!.spanId).toBe(named[0]!.spanId)
  expect(named[1]!.spanId).not.toBe(named[0]!.spanId)
  expect(await gotSpan(named[0]!.spanId)).toMatchObject({ traceId: one, name: 'embedding chunks' })
})

test('a document of a replay begins a trace that links to the first span of the one it repeats', async () => {
  const one = input('one')
  const trace = slice([one], { job: laneJob({ job_id: 'job-2', replay_of: 'job-1' }) })
  const { spanId } = readTraceparent(trace.headers(one, null).traceparent)!
  trace.end('done')
  const span = await gotSpan(spanId)
  const old = traceIdOf('job-1', 'one')
  expect(span).toMatchObject({ traceId: traceIdOf('job-2', 'one'), links: [{ traceId: old, spanId: rootSpanOf(old) }] })
})

test('a slice that waits says so and has not failed; its attempt is told', async () => {
  const one = input('waits')
  const trace = slice([one], { attempt: 3 })
  const { spanId } = readTraceparent(trace.headers(one, null).traceparent)!
  trace.end({ error: new Wait('provider_429', 'Slow down.', 1_000) })
  expect(await gotSpan(spanId)).toMatchObject({
    failed: false,
    events: ['waiting'],
    attributes: { 'penstock.attempt': 3 },
  })
})

test('a reject fails the span of its document alone', async () => {
  const [good, bad] = [input('good'), input('bad', {}, 1)]
  const trace = slice([good, bad])
  const [goodId, badId] = [good, bad].map(one => readTraceparent(trace.headers(one, null).traceparent)!.spanId)
  trace.rejected(bad, 'bad', { code: 'provider_400', message: 'No.' })
  trace.end('done')
  expect(await gotSpan(badId!)).toMatchObject({ failed: true, attributes: { 'error.type': 'provider_400' } })
  expect(await gotSpan(goodId!)).toMatchObject({ failed: false })
})
