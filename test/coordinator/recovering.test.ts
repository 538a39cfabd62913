import { afterEach, expect, test } from 'vitest'
import type { Verb } from '../../src/coordinator/jobs.ts'
import { recover } from '../../src/coordinator/recovering.ts'
import { memoryKafka } from '../../src/kafka/memory.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'
import { openLine } from './line.ts'

const bench = useBench()
const lines: Awaited<ReturnType<typeof openLine>>[] = []
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close()
})
/** A Kafka that is not the one of the bench, and has nothing but topics. */
const emptyKafka = async () => {
  const line = await openLine(memoryKafka({ clusterId: 'other' }).connect())
  lines.push(line)
  return line
}
const ask = (verb: Verb, kb_id: string) => bench.jobs().command({ kb_id, verb, phase: null })

test('a Kafka that tells of other jobs is refused, and nothing is changed', async () => {
  const coordinator = await bench.coordinator()
  const id = await bench.submit('manual')
  await bench.line.started(id)
  await coordinator.stop()
  await expect(recover(bench.em, bench.line.broker)).rejects.toMatchObject({ code: 'kafka_not_empty' })
  expect(await bench.lanesOf(id)).toEqual([0])
})

test('a database on which a coordinator runs is refused, and nothing is changed', async () => {
  await bench.coordinator({ leaseMs: 60_000 })
  const id = await bench.submit('manual')
  await bench.line.started(id)
  const { broker } = await emptyKafka()
  await expect(recover(bench.em, broker)).rejects.toMatchObject({ code: 'coordinator_runs' })
  expect(await bench.lanesOf(id)).toEqual([0])
})

test('what waited, ran or was paused begins anew, what was cancelled is, what failed is given up; twice is as once', async () => {
  const { line, submit, ended } = bench
  const coordinator = await bench.coordinator({ concurrency: 4 })
  const running = await submit('running')
  await line.started(running)
  await line.pass(running, 'loading')
  const failed = await submit('failed')
  await line.started(failed)
  await line.fail(failed, 'loading', 1)
  await ended(failed, 'failed')
  const paused = await submit('paused')
  await line.started(paused)
  await ask('pause', 'paused')
  const cancelling = await submit('cancelling')
  await line.started(cancelling)
  await ask('cancel', 'cancelling')
  await until('cancelling', async () => (await bench.row(cancelling)).state.status === 'cancelling')
  await coordinator.stop()
  await bench.expireLease()
  const runs = (await bench.row(running)).run

  const other = await emptyKafka()
  const named = (id: string, kb_id: string) => ({ job_id: id, kb_id })
  expect(await recover(bench.em, other.broker)).toEqual({
    again: [named(running, 'running'), named(paused, 'paused'), named(cancelling, 'cancelling')],
    given_up: [named(failed, 'failed')],
  })
  expect(await bench.lanesOf(null)).toEqual([0, 1, 2, 3])
  expect((await recover(bench.em, other.broker)).given_up).toEqual([])

  const { broker, codec } = other
  await bench.coordinator({ broker, codec, concurrency: 4 })
  const [lane] = await other.started(running)
  expect(lane).toMatchObject({
    cancelled: false,
    job: { job_id: running },
    starts: { 'load.requests': 0, documents: 0 },
  })
  expect(lane!.job!.run).toBeGreaterThan(runs)
  expect(await other.loadRequested()).toMatchObject([{ value: { job_id: running, seq: 0, cursor: null } }])
  expect(await bench.row(cancelling)).toMatchObject({ status: 'cancelled', completedAt: expect.any(Date) })
  expect((await bench.row(paused)).status).toBe('paused')
  expect(await ask('retry', 'failed')).toMatchObject({ outcome: 'accepted', job_id: expect.not.stringMatching(failed) })
  await other.complete(running)
  await ended(running, 'completed')
})

test('dead letters keep their order below all places that the new Kafka has, and those of a job that begins anew go', async () => {
  const coordinator = await bench.coordinator()
  const id = await bench.submit('manual')
  await bench.line.started(id)
  for (const offset of [1, 2]) await bench.line.deadLetter(id, 0, offset)
  const letters = () =>
    bench.em
      .fork()
      .execute<{ offset: string; position: string }[]>(
        'select input_offset as "offset", position from dead_letter order by position',
      )
  await until('two letters', async () => (await letters()).length === 2)
  await bench.line.complete(id)
  await bench.ended(id, 'completed')
  const begun = await bench.submit('manual')
  await bench.line.started(begun)
  await bench.line.deadLetter(begun, 0, 3)
  await until('a third', async () => (await letters()).length === 3)
  await coordinator.stop()
  await bench.expireLease()

  await recover(bench.em, (await emptyKafka()).broker)
  const kept = await letters()
  expect(kept.map(({ offset }) => Number(offset))).toEqual([1, 2])
  expect(kept.every(({ position }) => Number(position) < 0)).toBe(true)
})
