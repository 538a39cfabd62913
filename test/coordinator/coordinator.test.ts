import { describe, expect, test } from 'vitest'
import { finishSteps } from '../../src/coordinator/phases.ts'
import type { Broker } from '../../src/kafka/broker.ts'
import { until } from '../kit/until.ts'
import { useBench } from './bench.ts'

const bench = useBench()

describe('a job', () => {
  test('is started with its lanes told in control and one load request in the first of them', async () => {
    await bench.line.fill('documents', 0)
    await bench.coordinator()
    const id = await bench.submit('manual', { parallelism: 2 })
    const lanes = await bench.line.started(id)
    expect(lanes.map(({ lane }) => lane)).toEqual([0, 1])
    expect(lanes[0]).toMatchObject({
      held: [],
      cancelled: false,
      starts: { documents: 2, chunks: 0, vectors: 0, finish: 0, 'load.requests': 0 },
      job: { job_id: id, kb_id: 'manual', run: 1, attempt: 1, lanes: [0, 1] },
    })
    expect(JSON.parse(lanes[0]!.job!.sources[0]!)).toEqual({ type: 'local_files', path: '/docs' })
    expect(await bench.line.loadRequested()).toEqual([
      {
        lane: 0,
        value: { type: 'load_request', job_id: id, seq: 0, source_index: 0, cursor: null, documents_before: 0 },
      },
    ])
    expect(await bench.row(id)).toMatchObject({ status: 'running', completedAt: null, startedAt: expect.any(Date) })
  })

  test('goes through its phases to completed, frees its lanes and lets their records be deleted', async () => {
    const { line, ended, lanesOf } = bench
    await bench.coordinator()
    const id = await bench.submit('manual', { parallelism: 3 })
    await line.complete(id)
    await ended(id, 'completed')
    const requests = await line.finishRequested()
    expect(requests.map(({ lane, value }) => [lane, 'step' in value ? value.step : value.type])).toEqual([
      [0, 'drop_unflipped'],
      [0, 'sweep_unseen'],
      [0, 'prune_versions'],
      [0, 'build_index'],
      [0, 'end_mark'],
    ])
    for (const lane of [0, 1, 2]) expect((await line.of(lane))?.job).toBeNull()
    await until('free lanes', async () => (await lanesOf(null)).length === 4)
    const empty = async (topic: string, lane: number) => {
      const { start, end } = await line.broker.range(topic, lane)
      return start === end && end > 0
    }
    await until('deleted records', async () => (await empty('documents', 2)) && (await empty('progress', 0)))

    const shown = await bench.jobs().get(id)
    expect(shown).toMatchObject({ status: 'completed', progress: 100, phase: 'FINISHING', waiting_for: null })
    expect(shown?.phase_details.map(({ name, status, items_processed }) => [name, status, items_processed])).toEqual([
      ['LOADING', 'completed', 5],
      ['CHUNKING', 'completed', 15],
      ['EMBEDDING', 'completed', 15],
      ['INDEXING', 'completed', 15],
      ['FINISHING', 'completed', 4],
    ])
  })

  test('that is over is forgotten by the store, and no other', async () => {
    const remembered = () => bench.em.fork().execute('select job_id from applied order by job_id')
    const remember = (id: string) =>
      bench.em.fork().execute(`insert into applied (job_id, stage, lane, fence) values (?, 'indexing', 0, 1)`, [id])
    await bench.coordinator()
    const id = await bench.submit('manual')
    await Promise.all([id, 'another'].map(remember))
    await bench.line.complete(id)
    await until('free lanes', async () => (await bench.lanesOf(null)).length === 4)
    expect(await remembered()).toEqual([{ job_id: 'another' }])
  })

  test('that comes next on a lane starts behind the records of the one before', async () => {
    const { line, submit, ended } = bench
    await bench.coordinator()
    const first = await submit('manual', { parallelism: 4 })
    await line.complete(first)
    await ended(first, 'completed')
    const ends = await Promise.all([0, 1, 2, 3].map(lane => line.broker.range('documents', lane)))
    const second = await submit('manual', { parallelism: 4 })
    const lanes = await line.started(second)
    expect(lanes.map(({ starts }) => starts.documents)).toEqual(ends.map(({ end }) => end))
    expect(lanes[0]!.job!.run).toBe(2)
    await line.complete(second)
    await ended(second, 'completed')
  })

  test('that fails is held in all lanes and stages, with its error; a new job of the kb takes the lanes back', async () => {
    const { line, submit, ended, lanesOf } = bench
    await bench.coordinator()
    const failed = await submit('manual', { parallelism: 4 })
    const [first] = await line.started(failed)
    const holder = await line.broker.fence('embedding.3')
    await line.fail(failed, 'embedding', 2)
    await ended(failed, 'failed')
    await until('holds', async () => (await line.of(3))?.held.length === 5)
    expect(await line.of(0)).toMatchObject({ job: { job_id: failed }, starts: first!.starts })
    expect((await bench.row(failed)).state.failure).toEqual({
      code: 'unauthorized',
      message: 'The key is not valid.',
      phase: 'EMBEDDING',
      lane: 2,
    })

    const next = await submit('manual', { parallelism: 1 })
    await line.started(next)
    await until('lanes given up', async () => (await lanesOf(failed)).length === 0)
    const told = (await line.controls()).filter(({ lane }) => lane === 3)
    expect(told.slice(0, 3).map(({ job }) => job?.job_id ?? null)).toEqual([failed, failed, null])
    // The slice that was in hand when the job failed cannot be committed any more.
    await expect(holder.begin()).rejects.toMatchObject({ code: 'fenced' })
  })

  test('that waits while failed jobs hold every lane takes those of the one that failed first', async () => {
    const { line, submit, ended, lanesOf, row } = bench
    await bench.coordinator()
    const fail = async (kb: string) => {
      const id = await submit(kb, { parallelism: 2 })
      const [first] = await line.started(id)
      await line.fail(id, 'loading', first!.lane)
      await ended(id, 'failed')
      return id
    }
    const [a, b] = [await fail('a'), await fail('b')]
    const c = await submit('c', { parallelism: 4 })
    expect((await line.started(c)).map(({ lane }) => lane)).toEqual([0, 1])
    expect((await row(a)).closedAt).toBeInstanceOf(Date)
    expect((await row(b)).closedAt).toBeNull()
    expect(await lanesOf(b)).toEqual([2, 3])
  })

  test('waits its turn: by priority, then age, as many at once as may run', async () => {
    const { line, submit, ended, row } = bench
    const [a, b, c] = [await submit('a'), await submit('b'), await submit('c', { priority: 1 })]
    await bench.coordinator({ concurrency: 1 })
    await line.started(c)
    expect((await row(a)).status).toBe('pending')
    await line.complete(c)
    await line.started(a)
    expect((await row(b)).status).toBe('pending')
    await line.complete(a)
    await line.complete(b)
    await ended(b, 'completed')
  })
})

describe('what was read', () => {
  test('is applied once, however often it is delivered', async () => {
    const { line, em } = bench
    const one = await bench.coordinator()
    const id = await bench.submit('manual')
    await line.started(id)
    const items = async (phase: 'LOADING' | 'CHUNKING') => (await bench.row(id)).state.phases[phase].items
    await line.pass(id, 'loading')
    await until('progress', async () => (await items('LOADING')) === 5)
    await one.stop()
    await em.fork().execute('update followed set next = 0')
    await bench.coordinator()
    await line.pass(id, 'chunking')
    await until('more', async () => (await items('CHUNKING')) === 5)
    expect(await items('LOADING')).toBe(5)
    expect((await bench.row(id)).status).toBe('running')
  })

  test('of dead letters is stored once each', async () => {
    const { line, em } = bench
    const one = await bench.coordinator()
    const id = await bench.submit('manual')
    const count = async () => (await bench.deadLetters().groups(id, 10))[0]?.count ?? 0
    await line.deadLetter(id, 1, 1)
    await line.deadLetter(id, 1, 2)
    await until('letters', async () => (await count()) === 2)
    await one.stop()
    await em.fork().execute('update followed set next = 0')
    await bench.coordinator()
    await line.deadLetter(id, 1, 3)
    await until('one more', async () => (await count()) > 2)
    expect(await count()).toBe(3)
  })

  test('and cannot be understood is passed over: the other jobs go on', async () => {
    const { line } = bench
    await bench.coordinator()
    const id = await bench.submit('manual')
    await line.garbage('progress', 0)
    await line.garbage('dead.letters', 0)
    await line.complete(id)
    await bench.ended(id, 'completed')
  })
})

describe('an empty database with a broker that an earlier one was used with', () => {
  test('tells control anew, above its revisions, and runs jobs', async () => {
    const { line, em, submit, ended } = bench
    const one = await bench.coordinator()
    const forgotten = await submit('manual', { parallelism: 2 })
    const revision = (await line.started(forgotten))[0]!.revision
    await one.stop()
    await bench.emptyDatabase()
    await em.fork().execute('alter sequence control_revision restart')
    await bench.coordinator()
    await until('lane 1 is free', async () => (await line.of(1))?.job === null)
    expect((await line.of(1))!.revision).toBeGreaterThan(revision)
    await line.pass(forgotten, 'loading')
    const id = await submit('manual', { parallelism: 4 })
    await line.complete(id)
    await ended(id, 'completed')
  })
})

describe('two coordinators', () => {
  test('one is active; when it stops the other takes over at once', async () => {
    const { line, ended } = bench
    const one = await bench.coordinator({ holder: 'one', leaseMs: 60_000 })
    await until('one is active', () => one.active)
    const two = await bench.coordinator({ holder: 'two' })
    const id = await bench.submit('manual')
    await line.started(id)
    expect(two.active).toBe(false)
    await one.stop()
    expect(one.active).toBe(false)
    await until('two is active', () => two.active)
    await line.complete(id)
    await ended(id, 'completed')
    expect(await line.loadRequested()).toHaveLength(1)
  })

  /** A broker on which one step of the coordinator stops until it is let go. */
  const suspendedAt = (broker: Broker, step: 'range' | 'commit') => {
    const reached = Promise.withResolvers<void>()
    const wake = Promise.withResolvers<void>()
    const outcome = Promise.withResolvers<unknown>()
    const suspended = async <T>(work: () => Promise<T>): Promise<T> => {
      reached.resolve()
      await wake.promise
      return work().catch(error => {
        outcome.resolve(error)
        throw error
      })
    }
    const slow: Broker = {
      clusterId: () => broker.clusterId(),
      ensureTopics: topics => broker.ensureTopics(topics),
      range: (topic, lane) =>
        step === 'range' && topic === 'documents'
          ? suspended(() => broker.range(topic, lane))
          : broker.range(topic, lane),
      committed: (...args) => broker.committed(...args),
      owners: (...args) => broker.owners(...args),
      deleteRecords: (...args) => broker.deleteRecords(...args),
      join: options => broker.join(options),
      follow: options => broker.follow(options),
      close: () => broker.close(),
      async fence(id) {
        const real = await broker.fence(id)
        return {
          close: () => real.close(),
          async begin() {
            const transaction = await real.begin()
            return {
              send: (...args) => transaction.send(...args),
              commitOffset: (...args) => transaction.commitOffset(...args),
              abort: () => transaction.abort(),
              commit: () => (step === 'commit' ? suspended(() => transaction.commit()) : transaction.commit()),
            }
          },
        }
      },
    }
    return { broker: slow, reached: reached.promise, wake: wake.resolve, outcome: outcome.promise }
  }

  test.each(['range', 'commit'] as const)(
    'one that was suspended in its %s changes nothing when it wakes',
    async step => {
      const { line, expireLease, ended, row } = bench
      const slow = suspendedAt(line.broker, step)
      const one = await bench.coordinator({ broker: slow.broker, leaseMs: 600_000 })
      const id = await bench.submit('manual')
      await slow.reached
      await expireLease()
      const two = await bench.coordinator()
      await until('two is active', () => two.active)
      await line.started(id)
      await line.complete(id)
      await ended(id, 'completed')
      const before = { row: await row(id), controls: await line.controls() }
      slow.wake()
      if (step === 'commit') expect(await slow.outcome).toMatchObject({ code: 'fenced' })
      await until('one stands by', () => !one.active)
      expect({ row: await row(id), controls: await line.controls() }).toEqual(before)
      expect(await line.loadRequested()).toHaveLength(1)
      expect(await line.finishRequested()).toHaveLength(finishSteps.length + 1)
    },
  )
})
