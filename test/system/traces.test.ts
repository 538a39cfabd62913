import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { traceIdOf } from '../../src/schemas/identity.ts'
import { type Collector, type GotSpan, startCollector } from '../kit/collector.ts'
import { type EmbeddingServer, startEmbeddingServer } from '../kit/embedding-server.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import { openUpstream, traceparent } from '../kit/upstream.ts'

const embedding = { provider: 'openai', model: 'test', dimensions: 8 } as const

let penstock: Installation
let provider: EmbeddingServer
let collector: Collector
let upstream: Awaited<ReturnType<typeof openUpstream>>

beforeAll(async () => {
  collector = await startCollector()
  provider = await startEmbeddingServer({ dimensions: 8 })
  penstock = await openInstallation(['api', 'coordinator'], {
    ...collector.settings,
    OPENAI_BASE_URL: provider.baseUrl,
    PENSTOCK_JAEGER_URL: 'http://jaeger.test:16686',
  })
  for (const role of ['intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const)
    await penstock.employ(role)
  upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(','))
})
afterAll(async () => {
  await upstream?.close()
  await penstock?.close()
  await provider?.close()
  await collector?.close()
})

const run = async (kb: string) => {
  const body = { kb_id: kb, sources: [{ type: 'markdown' as const, path: join(penstock.corpus, kb) }], embedding }
  const { job_id } = await penstock.client.ingest({ body })
  expect((await penstock.ended(job_id)).status).toBe('completed')
  return job_id
}
const search = async (kb: string, query: string) =>
  (await penstock.client.search({ body: { kb_id: kb, query, mode: 'text' } })).hits
/** Waits for what a trace is to have in the end. */
const trace = (what: string, id: string, whole: (spans: readonly GotSpan[]) => boolean) =>
  until(what, () => (whole(collector.ofTrace(id)) ? collector.ofTrace(id) : null)).catch(error => {
    throw new Error(`${error.message}\n${JSON.stringify(collector.ofTrace(id), null, 1)}`)
  })
const named = (spans: readonly GotSpan[], name: string) => spans.filter(span => span.name === name)
const line = [
  'intake upstream.documents',
  'loading load.requests',
  'chunking documents',
  'embedding chunks',
  'indexing vectors',
]

test('one event is one trace, from its sender through every stage, each a process of its own, to the search that hits it', async () => {
  penstock.write('events/one.md', '# One\n\nSo that there is a knowledge base.\n')
  await run('events')
  const { id, header } = traceparent()
  const value = JSON.stringify({ kb_id: 'events', uri: 'ticket:1', text: 'The penstock valve leaks.', title: 'Leak' })
  await upstream.send([{ key: 'ticket:1', value, headers: { traceparent: header, tracestate: 'vendor=a' } }])
  const hit = await until('the event is found', async () => (await search('events', 'valve leaks'))[0])
  expect(hit.trace_id).toBe(id)

  const spans = await trace('spans of every stage', id, got => line.every(name => named(got, name).length > 0))
  const way: string[] = []
  let at: GotSpan | undefined = named(spans, 'indexing vectors')[0]
  for (; at; at = spans.find(({ spanId }) => spanId === at!.parentSpanId)) {
    expect(at, at.name).toMatchObject({ failed: false })
    way.unshift(at.name)
    if (at.parentSpanId === header.split('-')[2]) break
  }
  expect(at, 'a span below that of the sender').toBeDefined()
  // The first event of a knowledge base is parked until its stream has a lane.
  expect([...new Set(way)]).toEqual(line)
  expect(new Set(line.map(name => named(spans, name)[0]!.instance)).size, 'processes').toBe(line.length)
  const inside = (outer: string, inner: string) =>
    named(spans, inner).some(({ parentSpanId }) => named(spans, outer).some(({ spanId }) => spanId === parentSpanId))
  expect(inside('embedding chunks', 'embeddings test'), 'the call of the provider').toBe(true)
  expect(inside('indexing vectors', 'postgresql transaction'), 'the transaction of the store').toBe(true)

  const hits = await until('the span of the search', () =>
    collector.spans.find(
      ({ name, links }) => name === 'POST /api/search' && links.some(({ traceId }) => traceId === id),
    ),
  )
  expect(hits.links.find(({ traceId }) => traceId === id)!.spanId).toBe(named(spans, 'embedding chunks')[0]!.spanId)

  const explained = await penstock.client.explain({ params: { kb_id: 'events', id: hit.chunk_id } })
  expect(explained).toMatchObject({
    trace_id: id,
    trace_url: `http://jaeger.test:16686/trace/${id}`,
    uri: 'ticket:1',
    chunk_id: hit.chunk_id,
    origin: { topic: 'upstream.documents', offset: 0 },
    made_by: { embedding, chunking: { strategy: 'markdown' } },
  })
})

test('a rejected document is a failed span in the trace that its dead letter names; its replay links to it', async () => {
  penstock.write('letters/bad.md', Buffer.from([0, 1, 2, 0]))
  penstock.write('letters/good.md', '# Good\n\nWords.\n')
  const job = await run('letters')
  const { dead_letters } = await penstock.client.deadLetterRecords({ params: { job_id: job }, query: {} })
  const [letter] = dead_letters
  expect(letter).toMatchObject({ stage: 'loading', trace_id: traceIdOf(job, letter!.document_id!) })
  const [span] = await trace('the failed span', letter!.trace_id!, got => got.length > 0)
  expect(span).toMatchObject({ failed: true, parentSpanId: '', attributes: { 'error.type': letter!.code } })
  expect(span!.message).toContain('bad.md')

  penstock.write('letters/bad.md', '# Mended\n\nNow it can be read.\n')
  const replay = await penstock.client.replayDeadLetters({ params: { job_id: job }, body: {} })
  await penstock.ended(replay.job_id)
  const again = traceIdOf(replay.job_id, letter!.document_id!)
  const spans = await trace('the trace of the replay', again, got => named(got, 'indexing vectors').length > 0)
  const [first] = named(spans, 'loading load.requests')
  expect(first!.links).toContainEqual({ traceId: span!.traceId, spanId: span!.spanId })
})

test('documents of a run have a trace each, linked to that of the request; what one call does for many is linked to all', async () => {
  for (const n of [1, 2, 3]) penstock.write(`many/${n}.md`, `# ${n}\n\nDocument number ${n}.\n`)
  const { id, header } = traceparent()
  const response = await fetch(`${penstock.url}/ingest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: header },
    body: JSON.stringify({
      kb_id: 'many',
      sources: [{ type: 'markdown', path: join(penstock.corpus, 'many') }],
      embedding,
      parallelism: 1,
    }),
  })
  const { job_id } = (await response.json()) as { job_id: string }
  await penstock.ended(job_id)
  const ofRequest = await trace('the request', id, got => named(got, 'POST /ingest').length > 0)
  const [request] = named(ofRequest, 'POST /ingest')
  expect(request!.parentSpanId).toBe(header.split('-')[2])
  const inside = ofRequest.filter(({ parentSpanId }) => parentSpanId === request!.spanId)
  expect(named(inside, 'postgresql transaction'), 'the transaction that admits the job').not.toEqual([])
  const hits = await search('many', 'document number')
  expect(new Set(hits.map(hit => hit.trace_id)).size).toBe(3)
  for (const { trace_id, document_id } of hits) {
    expect(trace_id).toBe(traceIdOf(job_id, document_id))
    const spans = await trace('its trace', trace_id!, got => named(got, 'indexing vectors').length > 0)
    const [root] = named(spans, 'loading load.requests')
    expect(root!.parentSpanId).toBe('')
    expect(root!.links).toContainEqual({ traceId: id, spanId: request!.spanId })
    const bite = await until('the span of the bite', () =>
      collector.spans.find(({ spanId }) => spanId !== request!.spanId && root!.links.some(to => to.spanId === spanId)),
    )
    expect(bite.attributes['messaging.batch.message_count']).toBe(1)
  }
})

test('what waits is in the trace of its document, and so is the line of the log that says why', async () => {
  penstock.write('limited/one.md', '# One\n\nIt has to wait.\n')
  const first = provider.requests.length
  provider.answer = (_, number) =>
    number === first ? { kind: 'status', status: 429, retryAfter: '1' } : { kind: 'vectors' }
  const job = await run('limited')
  const [hit] = await search('limited', 'has to wait')
  const spans = await trace('both slices', traceIdOf(job, hit!.document_id), got => named(got, line[3]!).length === 2)
  expect(named(spans, line[3]!).map(({ failed }) => failed)).toEqual([false, false])
  const said = penstock
    .worker('embedding')
    .log()
    .split('\n')
    .map(one => JSON.parse(one))
    .filter(({ code }) => code === 'provider_429')
  expect(said).toMatchObject([{ job_id: job, stage: 'embedding', trace_id: hit!.trace_id, verdict: 'wait' }])
})

test('a collector that is gone is said once, and the job ends as ever', async () => {
  await collector.close()
  penstock.write('gone/one.md', '# One\n\nNobody sees how it goes.\n')
  await run('gone')
  expect(await search('gone', 'nobody sees')).toHaveLength(1)
  const loading = penstock.worker('loading')
  await until('it is said', () => loading.log().includes('Traces do not arrive'))
  expect(loading.log().split('Traces do not arrive').length - 1).toBe(1)
  const api = /metrics are at (http:\/\/[^"]+)/.exec(loading.log())![1]!
  const counted = async () => /^penstock_spans_lost_total (\d+)$/m.exec(await (await fetch(api)).text())![1]
  await until('lost spans are counted', async () => Number(await counted()) > 0)
  expect((await loading.restart()).outcome).toBe('code 0')
})
