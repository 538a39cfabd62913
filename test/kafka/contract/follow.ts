import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Broker, Follower, FollowOptions } from '../../../src/kafka/broker.ts'
import { until } from '../../kit/until.ts'
import type { Clients } from '../broker-contract.ts'
import { keys, record, records, topicOf, unique, write } from '../kit.ts'

interface Followed {
  readonly follower: Follower
  readonly read: Map<number, string[]>
  readonly failures: Error[]
}

const followAll = async (broker: Broker, topic: string, from: FollowOptions['from']): Promise<Followed> => {
  const read = new Map<number, string[]>([...from.keys()].map(lane => [lane, []]))
  const failures: Error[] = []
  const follower = await broker.follow({
    topic,
    from,
    records: batch => void read.get(batch.lane)!.push(...keys(batch.records)),
    failed: error => void failures.push(error),
  })
  return { follower, read, failures }
}

export const followContract = (clients: Clients): void => {
  test('several lanes are read from their offsets, and on', async () => {
    const topic = await topicOf(clients.one)
    for (const lane of [0, 1]) await write(clients.one, topic, lane, records(0, 5))
    const { follower, read } = await followAll(
      clients.two,
      topic,
      new Map([
        [0, 0],
        [1, 3],
      ]),
    )
    await follower.caughtUp()
    expect(read).toEqual(
      new Map([
        [0, ['0', '1', '2', '3', '4']],
        [1, ['3', '4']],
      ]),
    )
    await write(clients.one, topic, 1, records(5, 1))
    await until('it reads on', () => read.get(1)!.length === 3)
  })

  test('an empty lane is read to its end at once', async () => {
    const topic = await topicOf(clients.one)
    const { follower, read } = await followAll(clients.one, topic, new Map([[0, 0]]))
    await follower.caughtUp()
    expect(read.get(0)).toEqual([])
  })

  test('what was committed before the call has been handled when it returns', async () => {
    const topic = await topicOf(clients.one)
    const { follower, read } = await followAll(clients.two, topic, new Map([[0, 0]]))
    const transactor = await clients.one.fence(unique('t'))
    for (let i = 0; i < 50; i++) {
      const transaction = await transactor.begin()
      await transaction.send(topic, 0, records(i, 1))
      await transaction.commit()
      await follower.caughtUp()
      expect(read.get(0)).toHaveLength(i + 1)
    }
  })

  test('a lane that ends in a marker or in aborted records is read to its end', async () => {
    const topic = await topicOf(clients.one)
    const { follower, read } = await followAll(clients.two, topic, new Map([[0, 0]]))
    const transactor = await clients.one.fence(unique('t'))
    for (const ending of ['commit', 'abort', 'abort'] as const) {
      const transaction = await transactor.begin()
      await transaction.send(topic, 0, records(0, 4, 400_000))
      await transaction[ending]()
      await follower.caughtUp()
    }
    expect(read.get(0)).toHaveLength(4)
    const fresh = await followAll(clients.two, topic, new Map([[0, 0]]))
    await fresh.follower.caughtUp()
    expect(fresh.read.get(0)).toHaveLength(4)
  })

  test('an open transaction is waited for, and what follows it comes in order', async () => {
    const topic = await topicOf(clients.one)
    const transactor = await clients.one.fence(unique('t'))
    const transaction = await transactor.begin()
    await transaction.send(topic, 0, [record('a', 600_000)])
    await transaction.send(topic, 0, [record('b', 600_000)])
    await write(clients.one, topic, 0, [record('c')])
    const { follower, read } = await followAll(clients.two, topic, new Map([[0, 0]]))
    let caughtUp = false
    const catching = follower.caughtUp().then(() => {
      caughtUp = true
    })
    await sleep(100)
    expect(caughtUp).toBe(false)
    expect(read.get(0)).toEqual([])
    await transaction.commit()
    await catching
    await until('the rest comes', () => read.get(0)!.length === 3)
    expect(read.get(0)!.toSorted()).toEqual(['a', 'b', 'c'])
  })

  test('handlers run one at a time, and a slow one is waited for', async () => {
    const topic = await topicOf(clients.one)
    for (const lane of [0, 1, 2, 3]) await write(clients.one, topic, lane, records(0, 3))
    let running = 0
    let most = 0
    let handled = 0
    const follower = await clients.one.follow({
      topic,
      from: new Map([0, 1, 2, 3].map(lane => [lane, 0])),
      failed: error => expect.unreachable(error.message),
      async records({ records: read }) {
        most = Math.max(most, ++running)
        await sleep(20)
        running--
        handled += read.length
      },
    })
    await follower.caughtUp()
    expect(handled).toBe(12)
    expect(most).toBe(1)
  })

  test('records below what is kept fail the follower, and whoever waits for it is told', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 10))
    await clients.one.deleteRecords(topic, 0, 5)
    const { follower, read, failures } = await followAll(clients.one, topic, new Map([[0, 2]]))
    await expect(follower.caughtUp()).rejects.toMatchObject({ code: 'offset_out_of_range' })
    expect(failures).toMatchObject([{ code: 'offset_out_of_range' }])
    expect(read.get(0)).toEqual([])
  })

  test('an offset past the end waits for the log to come there', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 3))
    const { read, failures } = await followAll(clients.one, topic, new Map([[0, 6]]))
    await write(clients.one, topic, 0, records(4, 1))
    await sleep(50)
    await write(clients.one, topic, 0, records(6, 2))
    await until('it reads', () => read.get(0)!.length === 2)
    expect(read.get(0)).toEqual(['6', '7'])
    expect(failures).toEqual([])
  })

  test('a handler that throws ends the follower with its error', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 1))
    const failures: Error[] = []
    await clients.one.follow({
      topic,
      from: new Map([[0, 0]]),
      records: () => {
        throw new Error('handler')
      },
      failed: error => void failures.push(error),
    })
    await until('it fails', () => failures.length === 1)
    expect(failures[0]!.message).toBe('handler')
  })

  test('a stopped follower reads nothing more', async () => {
    const topic = await topicOf(clients.one)
    const stopped = await followAll(clients.one, topic, new Map([[0, 0]]))
    const other = await followAll(clients.two, topic, new Map([[0, 0]]))
    await stopped.follower.caughtUp()
    await stopped.follower.stop()
    await expect(stopped.follower.caughtUp()).rejects.toMatchObject({ code: 'closed' })
    await write(clients.one, topic, 0, records(0, 1))
    await other.follower.caughtUp()
    expect(other.read.get(0)).toEqual(['0'])
    expect(stopped.read.get(0)).toEqual([])
    expect(stopped.failures).toEqual([])
  })
}
