import { expect, test } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { loadConfig } from '../../src/config.ts'
import { Reject } from '../../src/runtime/errors.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import { defineStage } from '../../src/runtime/stage.ts'
import type { Document } from '../../src/schemas/document.ts'
import { traceIdOf } from '../../src/schemas/identity.ts'
import { chunks, deadLetters, documents } from '../../src/schemas/topics.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { inSpan } from '../../src/telemetry/spans.ts'
import { fakePorts } from '../api/fake-ports.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { until } from '../kit/until.ts'
import { traceparent } from '../kit/upstream.ts'
import { useCollected } from './collected.ts'

const collected = useCollected()

type Line = Readonly<Record<string, unknown>>
const logged = () => {
  const lines: Line[] = []
  const config = loadConfig({ env: { PENSTOCK_LOG_LEVEL: 'debug', PENSTOCK_LOG_FORMAT: 'json' }, cwd: '/' })
  return { log: createLogger(config, { write: line => void lines.push(JSON.parse(line)) }), lines }
}
const said = (lines: readonly Line[], what: string) => lines.find(({ msg }) => String(msg).startsWith(what))
/** The span that a line names, as the collector got it. */
const spanOf = (line: Line | undefined) =>
  until(`the span of ${JSON.stringify(line)}`, () =>
    collected.spans.find(({ traceId, spanId }) => traceId === line?.trace_id && spanId === line?.span_id),
  )

const document = (name: string): Document => ({
  ...{ type: 'document', job_id: 'job-1', document_id: name, source: 'markdown:/docs', uri: `file:///${name}.md` },
  ...{ version: 1, title: 'A', media_type: 'text/markdown', content_hash: 'c', metadata: {}, part: 0, parts: 1 },
  ...{ offset: 0, heading_path: [], text: `# A\n\nText ${name}.`, deleted: false, language: null },
})

/** A stage that takes documents, after it has failed some times, and rejects the one that is called bad. */
const taking = (failures: number) => {
  let left = failures
  return defineStage({
    name: 'chunking',
    phase: 'CHUNKING',
    from: documents,
    to: [chunks],
    slice: { records: 16, bytes: 1e6 },
    async transform(inputs, { log }) {
      await Promise.resolve()
      log.info('the stage says something')
      if (left-- > 0) throw Object.assign(new Error('not yet'), { code: 'not_yet' })
      return inputs.map(one =>
        one.type === 'document' && one.document_id === 'bad' ? new Reject('bad_document', 'It is bad.') : [],
      )
    },
  })
}

/** The lines of the stage until it has passed on the end of the job. */
const linesOf = async (names: readonly string[], failures = 0) => {
  const { log, lines } = logged()
  const line = await openLine(1)
  const failed = (error: Error) => expect.unreachable(error.message)
  const gate = await openGate({ broker: line.broker, codec: line.codec, failed })
  await line.rule(0, laneJob())
  await line.write(documents, 0, [...names.map(document), { type: 'end_mark', job_id: 'job-1' }])
  const running = await runStage({
    ...{ worker: 'w', stage: taking(failures), broker: line.broker, gate, codec: line.codec, effects: null },
    ...{ retry: { maxDelayMs: 1 }, tracing: collected.tracing, log, failed },
  })
  await until('the end mark', async () => (await line.read(chunks)).some(({ type }) => type === 'end_mark'))
  await running.stop()
  const letters = await line.read(deadLetters)
  await gate.close()
  await line.close()
  return { lines, letters }
}

test('lines of a slice of many documents carry the trace and the span of the slice, which links to them', async () => {
  const { lines } = await linesOf(['one', 'two'])
  const own = said(lines, 'the stage says something')
  const span = await spanOf(own)
  expect(span).toMatchObject({ name: 'chunking documents', parentSpanId: '' })
  expect(span.attributes['messaging.batch.message_count']).toBe(2)
  expect(said(lines, 'slice done')).toMatchObject({ trace_id: span.traceId, span_id: span.spanId })
  expect(span.traceId).not.toBe(traceIdOf('job-1', 'one'))
})

test('lines of a slice of one document carry the trace of the document', async () => {
  const { lines } = await linesOf(['alone'])
  expect(said(lines, 'the stage says something')!.trace_id).toBe(traceIdOf('job-1', 'alone'))
})

test('the line about a reject carries the trace of its document, as the dead letter does', async () => {
  const { lines, letters } = await linesOf(['good', 'bad'])
  const line = said(lines, 'rejected: It is bad.')
  expect(line).toMatchObject({ trace_id: traceIdOf('job-1', 'bad'), code: 'bad_document', document_id: 'bad' })
  expect(line).not.toHaveProperty('span_id')
  expect(letters.map(({ trace_id }) => trace_id)).toEqual([line!.trace_id])
})

test('the line about a retry, written when its span has ended, carries the span of the attempt that failed', async () => {
  const { lines } = await linesOf(['one', 'two'], 1)
  const span = await spanOf(said(lines, 'CHUNKING tries again: not yet'))
  expect(span).toMatchObject({ failed: true, message: 'not yet', events: ['exception'] })
  expect(span.attributes).toMatchObject({ 'error.type': 'not_yet' })
  expect(span.attributes).not.toHaveProperty('penstock.attempt')
  const again = await spanOf(said(lines, 'slice done'))
  expect(again).toMatchObject({ failed: false, attributes: { 'penstock.attempt': 2 } })
})

test('the line about a request that failed carries the trace of its caller', async () => {
  const { log, lines } = logged()
  const ports = fakePorts({ log })
  const jobs = { ...ports.jobs, get: () => Promise.reject(new Error('The disk is gone.')) }
  const { id, header } = traceparent()
  const server = createServer({ ...ports, jobs })
  const answer = await server.inject({ url: '/ingest/job-1', headers: { traceparent: header } })
  expect(answer.statusCode).toBe(500)
  const failure = lines.find(({ level }) => level === 'error')
  expect(failure).toMatchObject({ trace_id: id, request_id: expect.any(String) })
  expect(await spanOf(failure)).toMatchObject({ name: 'GET /ingest/{job_id}', failed: true })
})

test('a line within a call carries the span of the call; one outside of any carries none', async () => {
  const { log, lines } = logged()
  const slice = { stage: 'embedding', topic: 'chunks', job: null, lane: 0, inputs: [], attempt: 1 }
  const trace = collected.tracing.slice(slice)
  await trace.within(() =>
    inSpan('embeddings test', {}, async () => {
      await new Promise(resolve => setImmediate(resolve))
      log.child({ lane: 1 }).info('asked')
    }),
  )
  trace.end('done')
  log.info('outside')
  expect((await spanOf(said(lines, 'asked'))).name).toBe('embeddings test')
  expect(said(lines, 'outside')).not.toHaveProperty('trace_id')
})
