import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobStatus } from '../../src/coordinator/jobs.ts'
import { type Installation, openInstallation } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import { openUpstream, traceparent } from '../kit/upstream.ts'
import { searchable } from '../kit/upstream-story.ts'

let penstock: Installation
let upstream: Awaited<ReturnType<typeof openUpstream>>

beforeAll(async () => {
  penstock = await openInstallation(
    ['api', 'coordinator', 'intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'],
    { PENSTOCK_PARKED_EVENTS: '3' },
  )
  upstream = await openUpstream(penstock.addresses.KAFKA_BROKERS.split(','))
})
afterAll(async () => {
  await upstream?.close()
  await penstock?.close()
})

/** Uri to text of all that can be searched of a knowledge base. */
const stored = async (kb: string): Promise<Record<string, string>> =>
  Object.fromEntries((await searchable(penstock, kb)).texts)
const holds = (kb: string, expected: Readonly<Record<string, string>>) =>
  until(
    `${kb} holds ${JSON.stringify(expected)}`,
    async () => {
      const found = await stored(kb)
      return JSON.stringify(Object.entries(found).sort()) === JSON.stringify(Object.entries(expected).sort())
    },
    30_000,
  ).catch(async error => {
    throw new Error(`${error.message}\n${JSON.stringify(await stored(kb))}`)
  })
const streamOf = async (kb: string): Promise<JobStatus> => {
  const { jobs } = await penstock.client.jobs({ query: { kb_id: kb } })
  return jobs.find(({ kind }) => kind === 'stream')!
}
/** A knowledge base by a run, so that it is known. */
const make = async (kb: string) => {
  penstock.write(`${kb}/run.md`, 'From the run.')
  const { job_id } = await penstock.client.ingest({
    body: { kb_id: kb, sources: [{ type: 'markdown', path: `${penstock.corpus}/${kb}` }] },
  })
  await penstock.ended(job_id)
  return { [`file://${penstock.corpus}/${kb}/run.md`]: 'From the run.' }
}

test('the first event of a knowledge base starts its stream, later ones replace and delete, a run stands beside it', async () => {
  const run = await make('tickets')
  await upstream.publish('tickets', [
    { uri: 'ticket:1', text: 'The valve leaks.', title: 'One' },
    { uri: 'ticket:2', text: 'The turbine hums.' },
  ])
  await holds('tickets', { ...run, 'ticket:1': 'The valve leaks.', 'ticket:2': 'The turbine hums.' })
  await upstream.publish('tickets', [{ uri: 'ticket:1', text: 'The valve is tight.' }])
  await upstream.remove('tickets', 'ticket:2')
  await holds('tickets', { ...run, 'ticket:1': 'The valve is tight.' })
  const { hits } = await penstock.client.search({ body: { kb_id: 'tickets', query: 'turbine', mode: 'text' } })
  expect(hits).toEqual([])
  const job = await streamOf('tickets')
  expect(job).toMatchObject({ kind: 'stream', status: 'running', progress: 100, eta: null, error: null })
  expect(job.stream).toEqual({ unfinished_documents: 0, unfinished_chunks: 0, parked_events: 0 })
  expect(job.metrics.documents).toBe(4)
  expect(await penstock.halfWritten('tickets')).toEqual([])
  expect((await penstock.client.verify({ params: { kb_id: 'tickets' }, query: {} })).differences).toEqual([])
})

test('what nobody can take is a dead letter with every mistake and the trace of its sender', async () => {
  const { id, header } = traceparent()
  await upstream.send([
    { key: 'a', value: JSON.stringify({ kb_id: 'nowhere', uri: 'a', text: 'x' }), headers: { traceparent: header } },
    { key: 'b', value: JSON.stringify({ kb_id: 'tickets', uri: 'b', colour: 1 }) },
    { key: 'c', value: 'no JSON' },
    { key: 'd', value: null },
  ])
  const params = { job_id: 'INTAKE' }
  const letters = await until('four dead letters', async () => {
    const { dead_letters } = await penstock.client.deadLetterRecords({ params, query: {} })
    return dead_letters.length === 4 ? dead_letters : null
  })
  const codes = Object.fromEntries(letters.map(({ uri, code, message }) => [uri, `${code} ${message}`]))
  expect(codes.a).toMatch(/^unknown_kb There is no knowledge base 'nowhere'/)
  expect(codes.b).toMatch(/^invalid_event .*colour.*text: is missing/)
  expect(codes.c).toMatch(/^undecodable /)
  expect(codes.d).toMatch(/^invalid_event .*header kb_id/)
  expect(letters.find(({ uri }) => uri === 'a')).toMatchObject({ stage: 'intake', trace_id: id, state: 'open' })
  expect(await penstock.client.intake({})).toMatchObject({ dead_letters: 4, parked: [] })
})

test('nothing is dropped while a stream is paused', async () => {
  const run = await make('paused')
  await upstream.publish('paused', [{ uri: 'p:1', text: 'Before.' }])
  await holds('paused', { ...run, 'p:1': 'Before.' })
  const { job_id } = await streamOf('paused')
  await penstock.client.pause({ params: { kb_id: 'paused' }, body: { job_id } })
  await penstock.jobThat(job_id, 'the pause', ({ status }) => status === 'paused')
  await upstream.publish(
    'paused',
    Array.from({ length: 10 }, (_, i) => ({ uri: `p:${i}`, text: `During ${i}.` })),
  )
  await until('intake has read all', async () =>
    (await penstock.client.intake({})).partitions.every(({ unread }) => unread <= 1),
  )
  expect(await stored('paused')).toEqual({ ...run, 'p:1': 'Before.' })
  await penstock.client.resume({ params: { kb_id: 'paused' }, body: { job_id } })
  const during = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p:${i}`, `During ${i}.`]))
  await holds('paused', { ...run, ...during })
})

test('a stream that was cancelled is parked for, up to its bound, and all of it is there after the next start', {
  timeout: 90_000,
}, async () => {
  const run = await make('parked')
  await upstream.publish('parked', [{ uri: 'c:0', text: 'Before.' }])
  await holds('parked', { ...run, 'c:0': 'Before.' })
  const { job_id } = await streamOf('parked')
  await penstock.client.cancel({ params: { kb_id: 'parked' }, body: { job_id } })
  await penstock.ended(job_id)
  for (const text of ['One.', 'Two.', 'Three.', 'Four.', 'Five.'])
    await upstream.publish('parked', [{ uri: 'c:0', text }])
  const held = await until('the partition stands', async () => {
    const { partitions, parked } = await penstock.client.intake({})
    const stands = partitions.find(one => one.held !== null)
    return stands ? { stands, parked } : null
  })
  expect(held.stands.held).toMatchObject({ kb_id: 'parked', message: expect.stringContaining("'parked' are parked") })
  expect(held.parked).toMatchObject([{ kb_id: 'parked', events: 3 }])
  expect(await streamOf('parked')).toMatchObject({ job_id, status: 'cancelled' })

  const next = await penstock.client.ingest({ body: { kb_id: 'parked', sources: [{ type: 'events' }] } })
  await holds('parked', { ...run, 'c:0': 'Five.' })
  expect(await penstock.client.intake({})).toMatchObject({ parked: [] })
  const job = await penstock.jobThat(next.job_id, 'five documents', ({ metrics }) => metrics.documents === 5)
  expect(job.metrics).toMatchObject({ documents: 5, rejected: 0 })
})
