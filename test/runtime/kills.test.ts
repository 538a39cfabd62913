import { expect, test } from 'vitest'
import type { Broker, BrokerTransaction, Transactor } from '../../src/kafka/broker.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import { defineStage, emit } from '../../src/runtime/stage.ts'
import { finish, loadRequests, type RecordOf } from '../../src/schemas/topics.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const records = 12

/**
 * A broker for one worker that is killed at its n-th step: the step takes effect, but the worker does not learn of it,
 * and nothing it does from then on leaves the process; not even that its open transaction is over.
 */
const mortal = (broker: Broker, lastStep: number) => {
  const died = Promise.withResolvers<void>()
  let steps = 0
  let dead = false
  const alive = () => {
    if (dead) throw new Error('killed')
  }
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    alive()
    const result = await work()
    if (++steps === lastStep) {
      dead = true
      died.resolve()
    }
    alive()
    return result
  }
  const transaction = (real: BrokerTransaction): BrokerTransaction => ({
    send: (...args) => step(() => real.send(...args)),
    commitOffset: (...args) => step(() => real.commitOffset(...args)),
    commit: () => step(() => real.commit()),
    abort: () => step(() => real.abort()),
  })
  const transactor = (real: Transactor): Transactor => ({
    begin: async () => transaction(await step(() => real.begin())),
    close: async () => (dead ? undefined : real.close()),
  })
  const mortalBroker: Broker = {
    clusterId: () => broker.clusterId(),
    ensureTopics: topics => broker.ensureTopics(topics),
    owners: (...args) => broker.owners(...args),
    deleteRecords: (...args) => broker.deleteRecords(...args),
    join: options => broker.join(options),
    follow: options => broker.follow(options),
    close: () => broker.close(),
    range: (...args) => step(() => broker.range(...args)),
    committed: (...args) => step(() => broker.committed(...args)),
    fence: async id => transactor(await step(() => broker.fence(id))),
  }
  return { broker: mortalBroker, died: died.promise, isDead: () => dead }
}

/** One output a record: what is lost or doubled shows in their number. */
const counting = defineStage({
  name: 'loading',
  phase: 'LOADING',
  from: loadRequests,
  to: [finish],
  slice: { records: 2, bytes: 1e6 },
  transform: async inputs =>
    inputs.map(input =>
      input.type === 'load_request'
        ? [emit(finish, input.job_id, { type: 'finish_request', job_id: input.job_id, step: 'build_index' })]
        : [],
    ),
})

const requests = Array.from(
  { length: records },
  (_, seq): RecordOf<typeof loadRequests> => ({
    type: 'load_request',
    job_id: 'job-1',
    seq,
    source_index: 0,
    cursor: null,
    documents_before: 0,
  }),
)

/** Kills the first worker of a lane at a step, then has another go on; tells whether the step ever came. */
const runKilledAt = async (step: number): Promise<boolean> => {
  const line = await openLine(1)
  const failed = (error: Error) => expect.unreachable(error.message)
  const work = async (broker: Broker) => {
    const gate = await openGate({ broker: line.broker, codec: line.codec, failed })
    const options = {
      worker: 'w',
      stage: counting,
      gate,
      codec: line.codec,
      effects: null,
      retry: {},
      log: silent,
      failed,
    }
    const running = await runStage({ ...options, broker })
    return async () => {
      await running.stop()
      await gate.close()
      await broker.close()
    }
  }
  const outputs = async () => (await line.read(finish)).map(({ type }) => type)
  await line.rule(0, laneJob())
  await line.write(loadRequests, 0, [...requests, { type: 'end_mark', job_id: 'job-1' }])

  const victim = mortal(line.kafka.connect(), step)
  const bury = await work(victim.broker)
  const done = () => until('the end mark', async () => (await outputs()).includes('end_mark'))
  await Promise.race([victim.died, done()])
  await bury()
  const end = victim.isDead() ? await work(line.kafka.connect()) : async () => undefined
  await done()
  expect(await outputs(), `killed at step ${step}`).toEqual([...Array(records).fill('finish_request'), 'end_mark'])
  const ranges = (await line.progress()).flatMap(one => (one.type === 'progress' ? [[one.first, one.next]] : []))
  expect(ranges.slice(1).map(([first]) => first)).toEqual(ranges.slice(0, -1).map(([, next]) => next))
  await end()
  await line.close()
  return victim.isDead()
}

test('a worker that is killed after any of its steps is followed by one that loses nothing and doubles nothing', {
  timeout: 120_000,
}, async () => {
  let step = 1
  while (await runKilledAt(step)) step++
  expect(step).toBeGreaterThan(30)
})
