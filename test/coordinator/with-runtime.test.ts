import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openKafka } from '../../src/kafka/kafkajs.ts'
import type { Vector } from '../../src/schemas/vector.ts'
import { startTestKafka } from '../kit/kafka.ts'
import { silent } from '../kit/log.ts'
import { useBench } from './bench.ts'
import { files, good, startStages } from './stages.ts'

type Bench = ReturnType<typeof useBench>

const runTwoJobs = async (bench: Bench) => {
  const steps: string[] = []
  const indexed = new Map<string, Vector>()
  const stop = await startStages(bench.line, steps, indexed)
  await bench.coordinator()
  for (const run of [1, 2]) {
    const id = await bench.submit('manual', { parallelism: 3 })
    await bench.ended(id, 'completed', 30_000)
    expect(indexed.size).toBe(good)
    const status = await bench.jobs().get(id)
    expect(status).toMatchObject({ progress: 100, message: 'build_index done', error: null })
    expect(status?.metrics).toMatchObject({ documents: files, chunks: good, rejected: files - good })
    expect(
      status?.phase_details.map(({ name, items_processed, items_total, items_rejected }) => [
        name,
        items_processed,
        items_total,
        items_rejected,
      ]),
    ).toEqual([
      ['LOADING', files, files, files - good],
      ['CHUNKING', good, good, 0],
      ['EMBEDDING', good, good, 0],
      ['INDEXING', good, good, 0],
      ['FINISHING', 4, 4, 0],
    ])
    expect(steps.splice(0)).toEqual(['drop_unflipped', 'sweep_unseen', 'prune_versions', 'build_index'])
    expect((await bench.row(id)).run).toBe(run)
    indexed.clear()
  }
  await stop()
}

const runFailedAndNew = async (bench: Bench) => {
  const indexed = new Map<string, Vector>()
  const model = { refuses: true }
  const stop = await startStages(bench.line, [], indexed, model)
  await bench.coordinator()
  const failed = await bench.submit('manual', { parallelism: 4 })
  await bench.ended(failed, 'failed', 30_000)
  expect(await bench.jobs().get(failed)).toMatchObject({
    error: { code: 'unauthorized', phase: 'EMBEDDING', message: 'The key is not valid.' },
  })
  model.refuses = false
  const id = await bench.submit('manual', { parallelism: 4 })
  await bench.ended(id, 'completed', 30_000)
  expect(indexed.size).toBe(good)
  expect([...indexed.values()].every(({ job_id }) => job_id === id)).toBe(true)
  expect(await bench.lanesOf(failed)).toEqual([])
  await stop()
}

describe('the coordinator and the real stages, on Kafka in memory', () => {
  const bench = useBench()
  test('run one job after the other on the same lanes, with the counts of what went through', () => runTwoJobs(bench))
  test('run a job anew that failed, past what the failed one left in the lanes', () => runFailedAndNew(bench))
})

describe('the coordinator and the real stages, on real Kafka', () => {
  let kafka: Awaited<ReturnType<typeof startTestKafka>>
  beforeAll(async () => {
    kafka = await startTestKafka()
  })
  afterAll(() => kafka.stop())
  const bench = useBench(() => openKafka({ brokers: kafka.brokers, log: silent }))
  test(
    'run one job after the other on the same lanes, with the counts of what went through',
    () => runTwoJobs(bench),
    60_000,
  )
  test('run a job anew that failed, past what the failed one left in the lanes', () => runFailedAndNew(bench), 60_000)
})
