import { afterEach, expect, test, vi } from 'vitest'
import type { IntakeMeter } from '../../src/intake/meter.ts'
import { type Failpoint, installFault } from '../../src/runtime/failpoint.ts'
import { upstreamDocuments } from '../../src/schemas/topics.ts'
import { useBench } from '../coordinator/bench.ts'
import { until } from '../kit/until.ts'
import { intakeBench } from './bench.ts'

const bench = useBench()
const intake = intakeBench(bench)
const stops: (() => Promise<void>)[] = []
const start = async (records?: number, meter?: IntakeMeter) => {
  stops.push(await intake.start(records, meter))
}
afterEach(async () => {
  installFault(() => undefined)
  for (const stop of stops.splice(0)) await stop()
})

const texts = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ uri: `u${(from + i) % 3}`, text: `${from + i}` }))
const numbers = async (jobId: string) =>
  (await intake.sent()).filter(({ job_id }) => job_id === jobId).map(({ text }) => Number(text))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('the first event of a knowledge base starts a stream, and its events come to its lane in their order', async () => {
  await bench.coordinator()
  await intake.make('kb')
  await start()
  await intake.publish('kb', texts(0, 5))
  const job = await intake.stream('kb')
  await intake.publish('kb', texts(5, 10))
  await until('ten events', async () => (await numbers(job.job_id)).length >= 10)
  expect(await numbers(job.job_id)).toEqual(upTo(10))
  await until('none is parked', async () => (await intake.parked('kb')) === 0)
})

test('whatever step fails, each event comes once and in its order, those that were parked as well', {
  timeout: 40_000,
}, async () => {
  await bench.coordinator()
  for (const kb of ['kb', 'stopped']) await intake.make(kb)
  await start()
  for (const kb of ['kb', 'stopped']) await intake.publish(kb, texts(0, 1))
  const [job, first] = [await intake.stream('kb'), await intake.stream('stopped')]
  await until('both are there', async () => (await intake.sent()).length === 2)
  await intake.cancel('stopped', first.job_id)

  const struck = new Map<Failpoint, number>()
  let steps = 0
  installFault((point, { stage }) => {
    if (stage !== 'intake' || ++steps % 3 === 0) return
    const times = struck.get(point) ?? 0
    if (times === 2) return
    struck.set(point, times + 1)
    throw new Error(`struck at ${point}`)
  })
  for (let i = 1; i < 30; i += 3) {
    await intake.publish('kb', texts(i, i + 3))
    await intake.publish('stopped', texts(i, i + 3))
  }
  await until(
    'all are taken',
    async () => (await intake.parked('stopped')) === 30 && (await intake.sent()).length >= 32,
    20_000,
  )
  expect([...struck.keys()].sort()).toEqual(['slice.committed', 'slice.ready', 'slice.transformed'])
  struck.clear()
  const next = await bench.submit('stopped', { sources: [{ type: 'events' }] })
  await until('nothing is parked', async () => (await intake.parked('stopped')) === 0)
  expect([...struck.keys()].sort()).toEqual(['slice.committed', 'slice.ready'])
  expect(await numbers(job.job_id)).toEqual(upTo(31))
  expect(await numbers(next)).toEqual(upTo(31).slice(1))
})

test('an event on its way to a stream that is cancelled is parked, not put into a lane that is given away', async () => {
  await bench.coordinator()
  await intake.make('kb')
  await start()
  await intake.publish('kb', texts(0, 1))
  const job = await intake.stream('kb')
  await until('the first', async () => (await numbers(job.job_id)).length === 1)
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  installFault(async (point, { stage }) => {
    if (stage !== 'intake' || point !== 'slice.transformed') return
    reached.resolve()
    await released.promise
  })
  await intake.publish('kb', texts(1, 2))
  await reached.promise
  await intake.cancel('kb', job.job_id)
  released.resolve()
  await until('it is parked', async () => (await intake.parked('kb')) === 1)
  expect(await numbers(job.job_id)).toEqual([0])
})

test('past the bound the partition stands, says so, and goes on by itself when the stream is started', async () => {
  await bench.coordinator()
  for (const kb of ['kb', 'other']) await intake.make(kb)
  await start(2)
  await intake.publish('kb', texts(0, 1))
  const job = await intake.stream('kb')
  await until('the first', async () => (await numbers(job.job_id)).length === 1)
  await intake.cancel('kb', job.job_id)
  await intake.publish('kb', texts(1, 5))
  await intake.publish('other', texts(0, 1))
  const held = await until('it stands', async () => {
    const rows = await bench.em
      .fork()
      .execute('select held_kb, message from intake_partition where held_kb is not null')
    return rows[0]
  })
  expect(held).toMatchObject({
    held_kb: 'kb',
    message: expect.stringMatching(/^Partition 0 of upstream.documents stands/),
  })
  expect(await intake.parked('kb')).toBe(2)
  const next = await bench.submit('kb', { sources: [{ type: 'events' }] })
  const other = await intake.stream('other')
  await until(
    'all are sent',
    async () => (await numbers(next)).length === 4 && (await numbers(other.job_id)).length === 1,
  )
  expect(await numbers(next)).toEqual([1, 2, 3, 4])
  const free = await bench.em.fork().execute('select 1 from intake_partition where held_kb is not null')
  expect(free).toEqual([])
})

test('what retention has deleted before the first start is named, once', async () => {
  await bench.coordinator()
  await intake.make('kb')
  await intake.publish('kb', texts(0, 3))
  const { broker } = bench.line
  const { end } = await broker.range(upstreamDocuments.name, 0)
  await broker.deleteRecords(upstreamDocuments.name, 0, end)
  await start()
  await intake.publish('kb', texts(3, 4))
  const job = await intake.stream('kb')
  await until('the one that is left', async () => (await numbers(job.job_id)).length === 1)
  await start()
  const told = await until('it is told', async () => {
    const rows = await bench.em.fork().execute<object[]>(`select * from dead_letter where code = 'expired'`)
    return rows.length > 0 ? rows : null
  })
  expect(told).toEqual([
    expect.objectContaining({ message: expect.stringContaining(`Records 0 to ${end - 1} of partition 0`) }),
  ])
})

test('dead letters are counted once, after their commit, and takeovers after an error as often as they are', async () => {
  const counted = { rejected: vi.fn<IntakeMeter['rejected']>(), retried: vi.fn() }
  let strikes = 2
  installFault((point, { stage }) => {
    if (stage === 'intake' && point === 'slice.ready' && strikes-- > 0) throw new Error('struck')
  })
  await start(undefined, counted)
  await intake.publish('nowhere', texts(0, 1))
  await until('the dead letter is counted', () => counted.rejected.mock.calls.length > 0)
  expect(counted.rejected.mock.calls).toEqual([[['unknown_kb']]])
  expect(counted.retried).toHaveBeenCalledTimes(2)
})
