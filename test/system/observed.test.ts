import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/supervisor/ports.ts'
import type { Instrument } from '../../src/telemetry/instrument.ts'
import { instruments } from '../../src/telemetry/instruments.ts'
import { logFields, misnomers } from '../../src/telemetry/log-fields.ts'
import { exposedIn, queries, wrongIn } from '../deploy/queries.ts'
import { ended, runPenstock } from '../kit/penstock.ts'
import { canaries, type Observed, observedStory, openObserved } from './observed.ts'

let penstock: Observed
let refused: string
/** Of the moment when a provider was left alone, and of the end. */
const scraped: string[] = []
beforeAll(async () => {
  penstock = await openObserved()
  ;({ refused } = await observedStory(penstock, async () => {
    scraped.push(await penstock.scrape())
  }))
  scraped.push(await penstock.scrape())
}, 300_000)
afterAll(() => penstock?.close())

/** The largest of it that a process has: each opens the models that it asks. */
const sample = (metrics: string, series: string): number =>
  Math.max(
    ...metrics.split('\n').flatMap(line => (line.startsWith(`${series} `) ? [Number(line.slice(series.length))] : [])),
  )

test('a running installation exposes what every panel and every alert asks for', () => {
  const exposed = exposedIn(scraped.join('\n')).set('up', new Set())
  // Nothing fails there, so nothing is counted.
  exposed.set('metrics_collect_errors_total', new Set(['metric']))
  expect(queries.flatMap(query => wrongIn(query, exposed))).toEqual([])
})

test('it exposes the labels that each instrument is said to have, and its buckets', () => {
  const exposed = exposedIn(scraped.join('\n'))
  for (const { kind, name, labels, buckets } of Object.values<Instrument>(instruments)) {
    if (name === instruments.collectErrors.name) continue
    expect([...(exposed.get(kind === 'histogram' ? `${name}_count` : name) ?? ['nothing'])].sort(), name).toEqual(
      [...labels].sort(),
    )
    for (const bucket of buckets ?? []) expect(scraped.join('\n')).toContain(`${name}_bucket{le="${bucket}"`)
  }
})

test('what was done is counted once', async () => {
  const { metrics } = await penstock.client.kbStatus({ params: { kb_id: 'overloaded' } })
  const [, last] = scraped as [string, string]
  const of = { kb_id: 'overloaded', model: 'model-of-overloaded' }
  expect(sample(last, `ingestion_chunks_created_total{kb_id="${of.kb_id}"}`)).toBe(metrics.chunks)
  expect(sample(last, `ingestion_embeddings_generated_total{kb_id="${of.kb_id}",model="${of.model}"}`)).toBe(
    metrics.chunks,
  )
  expect(sample(last, `ingestion_documents_processed_total{kb_id="${of.kb_id}",stage="indexing"}`)).toBe(24)
  expect(sample(last, `ingestion_jobs_total{kb_id="${of.kb_id}",source_type="local_files"}`)).toBe(1)
  expect(sample(last, `ingestion_jobs_duration_seconds_count{kb_id="refused",status="failed"}`)).toBe(1)
  expect(sample(scraped[0]!, `ingestion_breaker_state{model="${of.model}"}`)).toBeGreaterThan(0)
  expect(sample(last, `ingestion_breaker_state{model="${of.model}"}`)).toBe(0)
})

test('every line of the log fits the schema', () => {
  const lines = penstock.logs().map(line => JSON.parse(line) as Record<string, unknown>)
  expect(lines.length).toBeGreaterThan(20)
  for (const line of lines) {
    for (const [field, { type, always }] of Object.entries(logFields))
      if (always || line[field] !== undefined)
        expect(typeof line[field], `${field} of ${JSON.stringify(line)}`).toBe(type)
    expect(Object.keys(line).filter(field => misnomers.includes(field))).toEqual([])
    if (line.lane !== undefined) expect(line, 'a lane is one of a stage').toHaveProperty('stage')
  }
  const failed = lines.find(line => line.code === 'provider_401')
  expect(failed).toMatchObject({ kb_id: 'refused', job_id: refused, stage: 'embedding', lane: expect.any(Number) })
})

test('the level of a log changes while its process runs, for what is there already too', async () => {
  for (const target of await penstock.targets()) {
    const answer = await fetch(`http://${target}/log-level`, { method: 'PUT', body: '{"level":"debug"}' })
    expect(await answer.json()).toEqual({ level: 'debug' })
  }
  penstock.provider.answer = () => ({ kind: 'vectors' })
  await penstock.client.retry({ params: { kb_id: 'refused' }, body: {} })
  await penstock.isOver(refused, 'completed')
  expect(penstock.logs().map(line => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ level: 'debug', msg: 'slice done', kb_id: 'refused', stage: 'indexing' }),
  )
})

test('a secret stands in no log, job, dead letter, answer or metric', { timeout: 120_000 }, async () => {
  const { url, environment, folder, client } = penstock
  const port = await freePort()
  const source = { type: 'website', url: `http://user:${canaries.source}@example.org/` }
  const asked = [
    ['POST', '/ingest', { kb_id: 'site', sources: [source] }],
    ['POST', '/api/sources/preview', { source }],
    ['POST', '/ingest', { kb_id: 'site', sources: [{ type: 'website', url: `http://127.0.0.1:${port}/` }] }],
    ...[`/ingest/${refused}`, '/api/ingestion/jobs', `/api/ingestion/jobs/${refused}/dead-letters`, '/api/intake'].map(
      path => ['GET', path, null] as const,
    ),
    ...['/api/knowledge-bases', '/api/knowledge-bases/refused', '/readyz', '/openapi.json', '/metrics'].map(
      path => ['GET', path, null] as const,
    ),
  ] as const
  const answers: string[] = []
  for (const [method, path, body] of asked) {
    const headers = body === null ? {} : { 'Content-Type': 'application/json' }
    const answer = await fetch(url + path, { method, headers, body: body === null ? null : JSON.stringify(body) })
    answers.push(`${answer.status} ${await answer.text()}`)
  }
  const closed = new URL(`postgres://user:secret@127.0.0.1:${port}/penstock`)
  closed.password = canaries.database
  const said = await Promise.all(
    [
      runPenstock(['run', 'indexing'], folder, { ...environment, DATABASE_URL: closed.href }),
      runPenstock(['config', '--json'], folder, environment),
      runPenstock(['dead-letters', 'handbook', '--json'], folder, { ...environment, PENSTOCK_URL: url }),
    ].map(ended),
  )
  expect(said[0]!.code).toBe(1)
  const job = await client.job({ params: { job_id: refused } })
  const places = {
    answers: answers.join('\n'),
    job: JSON.stringify(job),
    logs: penstock.logs().join('\n'),
    up: penstock.output(),
    commands: said.map(({ output }) => output).join('\n'),
    metrics: [...scraped, await penstock.scrape()].join('\n'),
  }
  expect(places.logs).toContain('Incorrect API key provided: [hidden]')
  const forms = Object.values(canaries).flatMap(secret => [
    secret,
    encodeURIComponent(secret),
    ...['user', 'penstock', 'postgres'].map(user => Buffer.from(`${user}:${secret}`).toString('base64')),
  ])
  const found = Object.entries(places).flatMap(([place, text]) =>
    forms
      .filter(form => text.includes(form))
      .map(form => `${form} in ${place}: ${text.split('\n').find(line => line.includes(form))}`),
  )
  expect(found).toEqual([])
})
