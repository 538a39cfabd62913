import { afterEach, describe, expect, test } from 'vitest'
import { Wait } from '../../src/runtime/errors.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import { defineStage } from '../../src/runtime/stage.ts'
import { finish, loadRequests } from '../../src/schemas/topics.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

type Work = (signal: AbortSignal, seq: number) => Promise<void>

/** One record a slice; `work` stands for a call that takes long. */
const slow = (work: Work) =>
  defineStage({
    name: 'loading',
    phase: 'LOADING',
    from: loadRequests,
    to: [finish],
    slice: { records: 1, bytes: 1e6 },
    async transform(inputs, { signal }) {
      for (const input of inputs) if (input.type === 'load_request') await work(signal, input.seq)
      return inputs.map(() => [])
    },
  })

const setUp = async (work: Work) => {
  const line = await openLine(1)
  const failed = (error: Error) => expect.unreachable(error.message)
  const employ = async (worker: string) => {
    const broker = line.kafka.connect(worker)
    const gate = await openGate({ broker, codec: line.codec, failed })
    const { codec } = line
    const running = await runStage({
      ...{ stage: slow(work), worker, broker, gate, codec, effects: null, retry: {}, log: silent, failed },
    })
    ends.push(async () => {
      await running.stop()
      await gate.close()
    })
    return { broker, gate }
  }
  ends.push(() => line.close())
  const requests = [0, 1, 2].map(seq => {
    const rest = { source_index: 0, cursor: null, documents_before: 0 }
    return { type: 'load_request' as const, job_id: 'job-1', seq, ...rest }
  })
  await line.rule(0, laneJob())
  await line.write(loadRequests, 0, requests)
  const reports = () => line.progress()
  const acknowledgements = async () => (await reports()).filter(one => one.type === 'acknowledgement')
  return {
    line,
    employ,
    reports,
    acknowledged: (revision: number) =>
      until(`acknowledgement of ${revision}`, async () =>
        (await acknowledgements()).find(one => one.revision === revision),
      ),
    hold: (revision: number, cancelled = false) =>
      line.rule(0, laneJob({ revision }), { held: ['loading'], cancelled }),
    release: (revision: number) => line.rule(0, laneJob({ revision })),
  }
}

/** Work that goes on until the test lets it, or until it is aborted. */
const gated = () => {
  const begun: number[] = []
  const aborted: number[] = []
  const go = Promise.withResolvers<void>()
  const work: Work = async (signal, seq) => {
    begun.push(seq)
    const { promise: stop, reject } = Promise.withResolvers<never>()
    const abort = () => {
      aborted.push(seq)
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    await Promise.race([go.promise, stop]).finally(() => signal.removeEventListener('abort', abort))
  }
  return { begun, aborted, work, go: () => go.resolve() }
}

describe('a lane that is held', () => {
  test('is acknowledged when the slice in hand has ended, by name and revision, and no other is begun', async () => {
    const { begun, aborted, work, go } = gated()
    const { line, employ, reports, acknowledged, hold, release } = await setUp(work)
    const { gate } = await employ('worker-1')
    await until('the first slice', () => begun.length === 1)
    await hold(5)
    await gate.readToEnd()
    await line.write(loadRequests, 0, [{ type: 'end_mark', job_id: 'job-1' }])
    expect((await reports()).map(({ type }) => type)).toEqual([])
    go()
    expect(await acknowledged(5)).toMatchObject({ stage: 'loading', lane: 0, worker: 'worker-1', job_id: 'job-1' })
    expect((await reports()).map(({ type }) => type)).toEqual(['progress', 'acknowledgement'])
    expect({ begun, aborted }).toEqual({ begun: [0], aborted: [] })

    await release(6)
    await until('the rest', async () => (await line.read(finish)).length > 0)
    expect(begun).toEqual([0, 1, 2])
  })

  test('aborts a slice that takes longer than a few seconds, which is done anew after the hold', async () => {
    const { begun, aborted, work, go } = gated()
    const { line, employ, reports, acknowledged, hold, release } = await setUp(work)
    await employ('worker-1')
    await until('the first slice', () => begun.length === 1)
    await hold(5)
    await acknowledged(5)
    expect(aborted).toEqual([0])
    expect((await reports()).map(({ type }) => type)).toEqual(['acknowledgement'])
    go()
    await release(6)
    await line.write(loadRequests, 0, [{ type: 'end_mark', job_id: 'job-1' }])
    await until('the rest', async () => (await line.read(finish)).length > 0)
    expect(begun).toEqual([0, 0, 1, 2])
  })

  test('of a job that is cancelled aborts its slice at once', async () => {
    const { begun, aborted, work } = gated()
    const { employ, acknowledged, hold } = await setUp(work)
    await employ('worker-1')
    await until('the first slice', () => begun.length === 1)
    await hold(5)
    const told = performance.now()
    await hold(6, true)
    await acknowledged(6)
    expect(aborted).toEqual([0])
    expect(performance.now() - told, 'ms, of the 1,500 that a pause would give').toBeLessThan(1_000)
  })

  test('is acknowledged anew by whoever gets it, and worked by nobody', async () => {
    const { begun, work } = gated()
    const { line, employ, acknowledged, hold } = await setUp(work)
    await hold(5)
    const { broker } = await employ('worker-1')
    await acknowledged(5)
    await broker.kill()
    await employ('worker-2')
    await until('the second', async () =>
      (await line.progress()).some(one => one.type === 'acknowledgement' && one.worker === 'worker-2'),
    )
    expect(begun).toEqual([])
  })
})

test('a lane that waits says so, with the reason and the time of its next attempt', async () => {
  let waits = 1
  const { line, employ, reports } = await setUp(async () => {
    if (waits-- > 0) throw new Wait('provider_429', 'The provider asks to wait.', 1_000)
  })
  await employ('worker-1')
  await line.write(loadRequests, 0, [{ type: 'end_mark', job_id: 'job-1' }])
  await until('the end', async () => (await line.read(finish)).length > 0)
  const [first, ...rest] = await reports()
  expect(first).toMatchObject({ type: 'waiting', code: 'provider_429', retry_ms: 1_000, offset: 0, stage: 'loading' })
  expect(rest.every(({ type }) => type === 'progress')).toBe(true)
})

test('a lane whose unworked records are gone fails its phase and says so, and skips nothing', async () => {
  const worked: number[] = []
  const { line, employ, reports } = await setUp(async (_, seq) => void worked.push(seq))
  await line.broker.deleteRecords(loadRequests.name, 0, 2)
  await employ('one')
  await until('its failure', async () => (await reports()).length > 0)
  expect(await reports()).toMatchObject([
    {
      type: 'phase_failure',
      code: 'offset_out_of_range',
      message: expect.stringContaining('loading stands at 0, the broker keeps 2'),
    },
  ])
  expect(worked).toEqual([])
})
