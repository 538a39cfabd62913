import { describe, expect, test } from 'vitest'
import { CommandRow } from '../../src/coordinator/entities.ts'
import type { Verb } from '../../src/coordinator/jobs.ts'
import { type Broker, BrokerError } from '../../src/kafka/broker.ts'
import type { Phase } from '../../src/schemas/names.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'

const bench = useBench()
const ask = (verb: Verb, phase: Phase | null = null, kb_id = 'manual') => bench.jobs().command({ kb_id, verb, phase })
const shown = async (id: string) => (await bench.jobs().get(id))!

describe('a hold of lanes that have no worker', () => {
  test('is acknowledged by the coordinator, after which nobody who had the lane can commit or write any more', async () => {
    const { line, submit, ended, claimed } = bench
    await bench.coordinator()
    const id = await submit('manual', { parallelism: 2 })
    await line.started(id)
    const holder = await line.broker.fence('embedding.0')
    const slice = await holder.begin()
    await slice.send('vectors', 0, [{ key: 'k', value: Buffer.from('late') }])
    claimed.length = 0
    expect(await ask('pause')).toMatchObject({ outcome: 'accepted', job_id: id })
    await ended(id, 'paused')
    await expect(slice.commit()).rejects.toMatchObject({ code: 'fenced' })
    expect(new Set(claimed)).toEqual(
      new Set([
        'loading.0',
        'finishing.0',
        ...[0, 1].flatMap(lane => ['chunking', 'embedding', 'indexing'].map(s => `${s}.${lane}`)),
      ]),
    )
    expect(await shown(id)).toMatchObject({ status: 'paused', pause: { acknowledged: 8, expected: 8, missing: [] } })
    expect(await line.of(0)).toMatchObject({ held: ['loading', 'chunking', 'embedding', 'indexing', 'finishing'] })
  })

  test('is left to a worker that has the lane, which the status names until it has spoken', async () => {
    const { line, submit } = bench
    const { kafka } = line
    const worker = kafka!.connect('worker-7')
    await worker.join({ group: 'embedding', topic: 'chunks', ...idle })
    await bench.coordinator()
    const id = await submit('manual', { parallelism: 1 })
    await line.started(id)
    await ask('pause')
    await until('all others', async () => (await shown(id)).pause?.missing.length === 1)
    const { status, pause, waiting_for } = await shown(id)
    expect({ status, missing: pause!.missing }).toEqual({
      status: 'running',
      missing: [{ stage: 'embedding', lane: 0, worker: 'worker-7' }],
    })
    expect(waiting_for).toBe('the pause to be acknowledged by embedding lane 0 (worker-7)')
    await worker.close()
    await bench.ended(id, 'paused')
  })
})

const idle = { assigned: () => undefined, revoked: () => undefined, records: () => undefined, failed: () => undefined }

describe('a demand', () => {
  test('is judged by what the job will be when the earlier ones are applied', async () => {
    const id = await bench.submit('manual')
    // No coordinator runs yet: nothing is applied.
    expect(await ask('pause')).toMatchObject({ outcome: 'accepted', status: 'pending' })
    expect((await shown(id)).status, 'a job that might still be started').toBe('pending')
    expect(await ask('pause')).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('job that is paused'),
    })
    expect(await ask('resume')).toMatchObject({ outcome: 'accepted', status: 'pending' })
    expect(await ask('cancel')).toMatchObject({ outcome: 'accepted', status: 'pending' })
    expect(await ask('resume')).toMatchObject({ outcome: 'refused', status: 'cancelled' })
    await bench.coordinator()
    await bench.ended(id, 'cancelled')
    expect(await ask('retry')).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('start a new one'),
    })
  })

  test('on a knowledge base without a job has nobody to go to', async () => {
    expect(await ask('pause', null, 'nobody')).toEqual({ outcome: 'no_job' })
  })

  test('that the job has outrun is kept with the reason', async () => {
    const { line, em, submit, ended } = bench
    const id = await submit('manual')
    const one = await bench.coordinator()
    await line.complete(id)
    await ended(id, 'completed')
    await one.stop()
    const fork = em.fork()
    fork.create(CommandRow, { jobId: id, verb: 'pause' })
    await fork.flush()
    await bench.coordinator()
    const command = () => em.fork().findOneOrFail(CommandRow, { jobId: id, verb: 'pause' })
    await until('its refusal', async () => (await command()).refusal !== null)
    expect((await command()).refusal).toContain('A job that is completed does not take "pause"')
  })
})

describe('a cancelled job', () => {
  test('has what it wrote removed when all is quiet, and its lanes go on behind what is left in them', async () => {
    const { line, submit, ended, discarded, lanesOf } = bench
    await bench.coordinator()
    const id = await submit('manual', { parallelism: 2 })
    await line.started(id)
    await line.fill('documents', 0)
    await line.fill('documents', 0)
    await ask('cancel')
    await ended(id, 'cancelled')
    expect(discarded).toEqual([id])
    expect((await line.controls()).filter(({ job, cancelled }) => job?.job_id === id && cancelled)).toHaveLength(2)
    const next = await submit('manual', { parallelism: 1 })
    const [lane] = await line.started(next)
    expect(lane).toMatchObject({ lane: 0, cancelled: false, held: [] })
    expect(lane!.starts.documents).toBeGreaterThanOrEqual(2)
    expect(await lanesOf(id)).toEqual([])
    await line.complete(next)
    await ended(next, 'completed')
  })

  test('that had failed ends as well', async () => {
    const { line, submit, ended } = bench
    await bench.coordinator()
    const id = await submit('manual')
    await line.started(id)
    await line.fail(id, 'embedding', 0)
    await ended(id, 'failed')
    await ask('cancel')
    await ended(id, 'cancelled')
  })
})

describe('a retry', () => {
  test('goes on in the same lanes from the same starts as a new attempt', async () => {
    const { line, submit, ended } = bench
    await bench.coordinator()
    const id = await submit('manual')
    const [first] = await line.started(id)
    await line.pass(id, 'loading')
    await line.fail(id, 'embedding', 0)
    await ended(id, 'failed')
    expect(await ask('retry', 'LOADING')).toMatchObject({ outcome: 'refused' })
    expect(await ask('retry', 'EMBEDDING')).toMatchObject({ outcome: 'accepted', status: 'running' })
    await until('told', async () => (await line.of(0))?.job?.attempt === 2)
    expect(await line.of(0)).toMatchObject({ held: [], starts: first!.starts, job: { job_id: id } })
    expect(await line.loadRequested()).toHaveLength(1)
  })

  test('of a job that gave its lanes up is a new job with the same request', async () => {
    const { line, submit, ended, em } = bench
    await bench.coordinator()
    const id = await submit('manual', { priority: 3 })
    await line.started(id)
    await line.fail(id, 'embedding', 0)
    await ended(id, 'failed')
    await em.fork().execute('update job set closed_at = now() where id = ?', [id])
    const answer = await ask('retry')
    expect(answer).toMatchObject({ outcome: 'accepted' })
    if (answer.outcome !== 'accepted') throw new Error('refused')
    expect(answer.job_id).not.toBe(id)
    expect(await bench.row(answer.job_id)).toMatchObject({ priority: 3, run: 2 })
  })
})

test('a job says that the broker cannot be reached, until it can be', async () => {
  const { line, submit } = bench
  let reachable = false
  const owners: Broker['owners'] = (...args) =>
    reachable
      ? line.broker.owners(...args)
      : Promise.reject(new BrokerError('unreachable', 'Kafka at broker:9092 does not answer.'))
  const broker = new Proxy(line.broker, {
    get: (real, name) => {
      const value = name === 'owners' ? owners : Reflect.get(real, name)
      return typeof value === 'function' ? value.bind(real) : value
    },
  })
  await bench.coordinator({ broker })
  const id = await submit('manual')
  await line.started(id)
  const reason = async () => (await shown(id)).waiting_for
  await until('its reason', async () => (await reason())?.includes('Kafka at broker:9092 does not answer.'))
  expect((await shown(id)).status).toBe('running')
  reachable = true
  await until('another reason', async () => (await reason())?.startsWith('a worker for LOADING'))
})
