import { afterEach, expect, test } from 'vitest'
import type { Effects } from '../../src/runtime/effects.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import type { Stage } from '../../src/runtime/stage.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import { documents, loadRequests, rowsTopic } from '../../src/schemas/topics.ts'
import { loading } from '../../src/stages/loading.ts'
import { tabulating } from '../../src/stages/tabulating.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const setUp = async () => {
  const line = await openLine()
  ends.push(() => line.close())
  return line
}
type Line = Awaited<ReturnType<typeof openLine>>

const nothingStored: Effects<unknown> = {
  claim: async (job, stage, lane) => ({ job, stage, lane, fence: 1 }),
  apply: async () => [],
}

const start = async (line: Line, stage: Stage) => {
  const broker = line.kafka.connect()
  const failed = (error: Error) => expect.unreachable(error.message)
  const gate = await openGate({ broker, codec: line.codec, failed })
  const common = {
    worker: 'w',
    broker,
    gate,
    codec: line.codec,
    effects: stage.effect ? nothingStored : null,
    retry: {},
    log: silent,
    failed,
  }
  const running = await runStage({ ...common, stage })
  ends.push(async () => {
    await running.stop()
    await gate.close()
    await broker.close()
  })
}

const never = () => {
  throw new Error('The source is not read.')
}
const load = loading({ openSource: never, store: { listed: never } }) as unknown as Stage
const tabulate = tabulating as unknown as Stage
const end = { type: 'end_mark', job_id: 'job-1' } as const

/** LOADING passes the end mark of a job on two lanes. */
const loaded = async (line: Line, job: Partial<LaneJob>) => {
  for (const lane of [0, 1]) await line.rule(lane, laneJob({ lanes: [0, 1], ...job }))
  await start(line, load)
  await line.write(loadRequests, 0, [end])
  await until('the end marks', async () => (await line.read(documents, 1)).length === 1)
}

test('a branch gets the end marks of a job that has it, in every lane, and reports them', async () => {
  const line = await setUp()
  await loaded(line, { branches: ['TABULATING'] })
  expect([await line.read(rowsTopic, 0), await line.read(rowsTopic, 1)]).toEqual([[end], [end]])
  await start(line, tabulate)
  const reports = async (lane: number) =>
    (await line.progress(lane)).filter(one => one.type === 'progress' && one.stage === 'tabulating')
  for (const lane of [0, 1]) await until(`the end of lane ${lane}`, async () => (await reports(lane)).length === 1)
})

test('a job without the branch leaves no mark in it', async () => {
  const line = await setUp()
  await loaded(line, {})
  expect([await line.read(rowsTopic, 0), await line.read(rowsTopic, 1)]).toEqual([[], []])
})

test('a worker of a branch takes no lane of a job without it, and reports nothing of what another left there', async () => {
  const line = await setUp()
  await line.write(rowsTopic, 0, [{ type: 'end_mark', job_id: 'cancelled' }])
  await line.rule(0, laneJob({ lanes: [0] }))
  await line.rule(1, laneJob({ job_id: 'job-2', lanes: [1], branches: ['TABULATING'] }))
  await start(line, tabulate)
  await line.write(rowsTopic, 1, [{ type: 'end_mark', job_id: 'job-2' }])
  await until('the other lane', async () => (await line.progress(1)).length === 1)
  expect(await line.progress(0)).toEqual([])
})
