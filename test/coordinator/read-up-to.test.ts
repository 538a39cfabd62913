import { describe, expect, test } from 'vitest'
import { DeadLetterRow } from '../../src/coordinator/entities.ts'
import { readUpTo } from '../../src/coordinator/read-up-to.ts'
import type { Broker } from '../../src/kafka/broker.ts'
import { deadLetters } from '../../src/schemas/topics.ts'
import { useBench } from './bench.ts'
import { files, good, startStages } from './stages.ts'

/** A broker that keeps dead letters back until somebody asks whether they were read. */
const withLateLetters = (broker: Broker): { readonly late: Broker; readonly release: () => void } => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const follow: Broker['follow'] = async options => {
    if (options.topic !== deadLetters.name) return broker.follow(options)
    const records: typeof options.records = batch => released.then(() => options.records(batch))
    const follower = await broker.follow({ ...options, records })
    return {
      stop: () => follower.stop(),
      caughtUp() {
        release()
        return follower.caughtUp()
      },
    }
  }
  const late = new Proxy(broker, {
    get(target, name: keyof Broker) {
      const own = target[name]
      return name === 'follow' ? follow : typeof own === 'function' ? own.bind(target) : own
    },
  })
  return { late, release }
}

describe('the dead letters of a job', () => {
  const bench = useBench()
  test('are stored when it is seen to have ended, however late they come', async () => {
    const stop = await startStages(bench.line, [], new Map())
    const { late, release } = withLateLetters(bench.line.broker)
    await bench.coordinator({ broker: late })
    const id = await bench.submit('manual', { parallelism: 3 })
    await bench.ended(id, 'completed', 30_000)
    const stored = await bench.em.fork().count(DeadLetterRow, { jobId: id })
    release()
    await stop()
    expect(stored).toBe(files - good)
  })
})

test.each([
  ['was stopped', () => Promise.reject(new Error('stopped'))],
  ['has read everything', () => Promise.resolve()],
])('a follower that %s is not waited for', async (_, caughtUp) => {
  await readUpTo({ caughtUp }, new AbortController().signal)
})

test('a follower that does not come there is waited for until the work ends', async () => {
  const work = new AbortController()
  const waiting = readUpTo({ caughtUp: () => Promise.withResolvers<void>().promise }, work.signal)
  work.abort()
  await waiting
})
