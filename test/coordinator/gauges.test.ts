import { expect, test } from 'vitest'
import { lineGauges } from '../../src/coordinator/gauges.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'

const bench = useBench()
const look = () => lineGauges({ em: bench.em, broker: bench.line.broker })

test('jobs are counted by what becomes of them, and a job that has no worker shows its waiting records', async () => {
  expect(await look()()).toMatchObject({ running: 0, paused: 0, queued: 0, silenceSeconds: 0, lanes: [], workers: [] })
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
  expect(found).toMatchObject({ running: 1, paused: 0, queued: 1 })
  expect(new Set(found!.lanes.map(({ stage }) => stage))).toEqual(
    new Set(['loading', 'chunking', 'embedding', 'indexing', 'finishing']),
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
    return lanes.length > 0 && lanes.every(lane => lane.held) ? lanes : null
  })
  expect(held!.length).toBeGreaterThan(0)
})
