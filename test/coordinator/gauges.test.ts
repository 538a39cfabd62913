import { expect, test } from 'vitest'
import { JobRow } from '../../src/coordinator/entities.ts'
import { lineGauges } from '../../src/coordinator/gauges.ts'
import { intakeBench } from '../intake/bench.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'

const bench = useBench()
const look = () => lineGauges({ em: bench.em, broker: bench.line.broker, partitions: 1 })
const upstream = intakeBench(bench)

test('jobs are counted by what becomes of them, and a job that has no worker shows its waiting records', async () => {
  expect(await look()()).toMatchObject({ running: 0, paused: 0, queued: 0, failed: 0, silence: [], workers: [] })
  await bench.coordinator({ concurrency: 1 })
  const running = await bench.submit('first')
  await bench.ended(running, 'running')
  await bench.submit('second')
  const looked = look()
  const found = await until('the load request is there, and nobody who takes it', async () => {
    const line = await looked()
    const seen = line.workers.some(({ stage }) => stage === 'loading')
    return seen && line.lanes.some(({ stage, lag }) => stage === 'loading' && lag > 0) ? line : null
  })
  expect(found).toMatchObject({ running: 1, paused: 0, queued: 1, silence: [{ stage: 'loading' }] })
  expect(found!.silence[0]!.seconds).toBeGreaterThan(0)
  expect(new Set(found!.lanes.map(({ stage }) => stage))).toEqual(
    new Set(['intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing']),
  )
  const chunking = found!.lanes.filter(({ stage }) => stage === 'chunking')
  expect(chunking.map(({ lag, ageSeconds, held }) => [lag, ageSeconds, held])).toEqual(
    chunking.map(() => [0, 0, false]),
  )
  expect(found!.workers).toContainEqual({ stage: 'loading', count: 0 })
  const later = await looked()
  expect(later.lanes.find(({ stage }) => stage === 'loading')!.ageSeconds).toBeGreaterThan(0)
})

test('lanes of a paused job are held', async () => {
  await bench.coordinator()
  const id = await bench.submit('docs')
  await bench.ended(id, 'running')
  await bench.jobs().command({ kb_id: 'docs', verb: 'pause', phase: null })
  const held = await until('all lanes are held', async () => {
    const { lanes } = await look()()
    const ofJob = lanes.filter(({ stage }) => stage !== 'intake')
    return ofJob.length > 0 && ofJob.every(lane => lane.held) ? ofJob : null
  })
  expect(held!.length).toBeGreaterThan(0)
})

test('events that INTAKE has not read have a lag and an age, and show that no worker of it is there', async () => {
  await bench.coordinator()
  await upstream.make('kb')
  const looked = look()
  const intake = async () => {
    const { lanes, workers } = await looked()
    return {
      lanes: lanes.filter(({ stage }) => stage === 'intake'),
      workers: workers.filter(({ stage }) => stage === 'intake'),
    }
  }
  expect(await intake()).toMatchObject({ lanes: [{ lane: 0, lag: 0, ageSeconds: 0, held: false }], workers: [] })
  await upstream.publish('kb', [{ uri: 'one', text: 'one' }])
  expect((await intake()).lanes[0]!.lag).toBeGreaterThan(0)
  const waiting = await intake()
  expect(waiting.lanes[0]!.ageSeconds).toBeGreaterThan(0)
  expect(waiting.workers).toEqual([{ stage: 'intake', count: 0 }])
  const stop = await upstream.start()
  try {
    await until('it is read', async () => (await intake()).lanes[0]!.lag === 0)
    await upstream.stream('kb')
    expect(await intake()).toMatchObject({ lanes: [{ ageSeconds: 0 }], workers: [{ stage: 'intake', count: 1 }] })
  } finally {
    await stop()
  }
})

test('a job that failed is counted until it is closed', async () => {
  const id = await bench.submit('docs')
  await bench.em.fork().nativeUpdate(JobRow, { id }, { status: 'failed' })
  expect(await look()()).toMatchObject({ failed: 1, queued: 0 })
  await bench.em.fork().nativeUpdate(JobRow, { id }, { closedAt: new Date() })
  expect(await look()()).toMatchObject({ failed: 0 })
})
