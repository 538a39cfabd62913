import { expect, test } from 'vitest'
import type { Broker, JoinOptions, Membership } from '../../src/kafka/broker.ts'
import { openGate } from '../../src/runtime/gate.ts'
import { runStage } from '../../src/runtime/run-stage.ts'
import { defineStage } from '../../src/runtime/stage.ts'
import { transactionalId } from '../../src/schemas/names.ts'
import { chunks, deadLetters, loadRequests } from '../../src/schemas/topics.ts'
import { laneJob, openLine } from '../kit/line.ts'
import { silent } from '../kit/log.ts'
import { until } from '../kit/until.ts'

const sessionTimeoutMs = 1000

/** A broker whose group has not heard of its members for as long as the test says. */
const withSilence = (broker: Broker) => {
  const silence = { ms: 0, asked: 0 }
  const join = async (options: JoinOptions): Promise<Membership> => {
    const member = await broker.join(options)
    return {
      sessionTimeoutMs,
      silentMs() {
        silence.asked++
        return silence.ms
      },
      seek: (lane, offset) => member.seek(lane, offset),
      pause: lanes => member.pause(lanes),
      resume: lanes => member.resume(lanes),
      leave: () => member.leave(),
    }
  }
  const told = new Proxy(broker, {
    get(target, name) {
      if (name === 'join') return join
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { broker: told, silence }
}

const request = {
  type: 'load_request',
  job_id: 'job-1',
  seq: 0,
  source_index: 0,
  cursor: null,
  documents_before: 0,
} as const

const setUp = async () => {
  const line = await openLine(1)
  const { broker, silence } = withSilence(line.kafka.connect())
  const slices = { worked: 0, during: () => undefined as unknown }
  const stage = defineStage({
    name: 'loading',
    phase: 'LOADING',
    from: loadRequests,
    to: [chunks],
    slice: { records: 4, bytes: 1e6 },
    async transform(inputs) {
      slices.worked++
      slices.during()
      return inputs.map(() => [])
    },
  })
  const failed = (error: Error) => expect.unreachable(error.message)
  const gate = await openGate({ broker, codec: line.codec, failed })
  await line.rule(0, laneJob())
  await line.write(loadRequests, 0, [request, { type: 'end_mark', job_id: 'job-1' }])
  const start = () =>
    runStage({ worker: 'w', stage, broker, gate, codec: line.codec, effects: null, retry: {}, log: silent, failed })
  const ended = () => until('it works when it is heard', async () => (await line.read(chunks)).length > 0)
  const close = async (running: { stop(): Promise<void> }) => {
    await running.stop()
    await gate.close()
    await broker.close()
    await line.close()
  }
  return { line, silence, slices, start, ended, close }
}

/** Takes the lane's transactional id; the way to commit with it, for as long as nobody else has taken it. */
const owning = async (broker: Broker) => {
  const owner = await broker.fence(transactionalId('loading', 0))
  return async () => {
    const transaction = await owner.begin()
    await transaction.send(deadLetters.name, 0, [{ key: 'k', value: Buffer.alloc(1) }])
    await transaction.commit()
  }
}

test('a worker that the group may have given up takes no lane over, and so fences nobody', async () => {
  const { line, silence, slices, start, ended, close } = await setUp()
  const commit = await owning(line.broker)
  silence.ms = sessionTimeoutMs / 2 + 1
  const running = await start()
  await until('it has looked several times', () => silence.asked > 2)
  await commit()
  expect(slices.worked).toBe(0)

  silence.ms = sessionTimeoutMs / 2
  await ended()
  await expect(commit()).rejects.toMatchObject({ code: 'fenced' })
  expect(slices.worked).toBe(1)
  await close(running)
})

test('a worker that falls silent in the middle of a slice commits nothing of it, and does it again when heard', async () => {
  const { line, silence, slices, start, ended, close } = await setUp()
  slices.during = () => {
    silence.ms = sessionTimeoutMs
  }
  const running = await start()
  await until('it has looked after the slice', () => slices.worked === 1 && silence.asked > 3)
  expect(await line.progress()).toEqual([])

  slices.during = () => undefined
  silence.ms = 0
  await ended()
  expect(slices.worked).toBe(2)
  expect(await line.progress()).toMatchObject([{ first: 0, inputs: 1, end_marks: 1 }])
  await close(running)
})
