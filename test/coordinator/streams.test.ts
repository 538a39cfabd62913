import { expect, test } from 'vitest'
import { JobRow } from '../../src/coordinator/entities.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'

const bench = useBench()
const events = { sources: [{ type: 'events' }] }

test('a stream begins without a load request, shows how far it is behind, and takes no place of others', async () => {
  await bench.coordinator()
  const streams = [await bench.submit('a', events), await bench.submit('b', events)]
  for (const id of streams) await bench.line.started(id)
  const run = await bench.submit('a')
  await bench.line.started(run)
  expect((await bench.line.loadRequested()).map(({ value }) => value.job_id)).toEqual([run])
  const status = await bench.jobs().get(streams[0]!)
  expect(status).toMatchObject({ kind: 'stream', status: 'running', progress: 100, eta: null, waiting_for: null })
  expect(status?.stream).toEqual({ unfinished_documents: 0, unfinished_chunks: 0, parked_events: 0 })
  expect(await bench.jobs().get(run)).toMatchObject({ kind: 'run', stream: null })
})

test('a knowledge base is meant by its newest run, and by its stream where it has had none', async () => {
  const stream = await bench.submit('a', events)
  expect((await bench.jobs().ofKnowledgeBase('a'))?.job_id).toBe(stream)
  const paused = await bench.jobs().command({ kb_id: 'a', verb: 'pause', phase: null })
  expect(paused).toMatchObject({ outcome: 'accepted', job_id: stream })
  const run = await bench.submit('a')
  expect((await bench.jobs().ofKnowledgeBase('a'))?.job_id).toBe(run)
})

test('a stream that has failed keeps its lanes and its place: its events are nowhere else', async () => {
  await bench.coordinator()
  const stream = await bench.submit('a', { ...events, parallelism: 4 })
  await bench.line.started(stream)
  await bench.line.fail(stream, 'embedding', 0)
  await bench.ended(stream, 'failed')
  const again = await bench.jobs().submit({ ...(await bench.row(stream)).submission })
  expect(again).toEqual({ outcome: 'conflict', job_id: stream, status: 'failed' })
  const run = await bench.submit('b')
  await until(
    'what the run waits for',
    async () => (await bench.jobs().get(run))?.waiting_for === 'a free lane: all 4 are taken',
  )
  expect((await bench.row(stream)).closedAt).toBeNull()
  expect(await bench.lanesOf(stream)).toEqual([0, 1, 2, 3])
})

test('busy streams take places like any job, and give them back when they are idle', async () => {
  await bench.coordinator()
  const streams = [await bench.submit('a', events), await bench.submit('b', events)]
  for (const id of streams) await bench.line.started(id)
  const loaded = async (id: string, outputs: number) => {
    const { state } = await bench.row(id)
    const phases = { ...state.phases, LOADING: { ...state.phases.LOADING, outputs } }
    await bench.em.fork().nativeUpdate(JobRow, { id }, { state: { ...state, phases } })
  }
  for (const id of streams) await loaded(id, 3)
  const run = await bench.submit('c')
  const behind = 'queued behind 2 jobs (2 run at once)'
  await until('it is queued', async () => (await bench.jobs().get(run))?.waiting_for === behind)
  expect(await bench.lanesOf(run)).toEqual([])
  await loaded(streams[0]!, 0)
  await bench.line.started(run)
})

test('streams are tidied now and then, and what all stages have read is deleted from their lanes', async () => {
  const tidied: string[] = []
  await bench.coordinator({
    tidyMs: 20,
    tidy: async ({ job_id, kind }) => void tidied.push(`${kind} ${job_id}`),
  })
  const run = await bench.submit('b')
  const stream = await bench.submit('a', events)
  await bench.line.started(stream)
  await until('it is tidied', () => tidied.length > 0)
  expect(tidied).toEqual([`stream ${stream}`])
  await bench.line.pass(stream, 'chunking', 0)
  const [lane] = await bench.lanesOf(stream)
  await bench.line.pass(stream, 'indexing', 0)
  await until('its documents are deleted', async () => (await bench.line.broker.range('documents', lane!)).start > 0)
  expect(tidied.every(one => one === `stream ${stream}`)).toBe(true)
  expect(run).not.toBe(stream)
})
