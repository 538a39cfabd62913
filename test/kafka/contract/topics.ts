import { expect, test } from 'vitest'
import type { Clients } from '../broker-contract.ts'
import { readAll, records, topicOf, unique, write } from '../kit.ts'

export const topicContract = (clients: Clients): void => {
  test('all clients of a cluster tell the same name of it, and it has one', async () => {
    const name = await clients.one.clusterId()
    expect(name).not.toBe('')
    expect(await clients.two.clusterId()).toBe(name)
  })

  test('a topic is made once, grows, and never shrinks', async () => {
    const name = unique('growing')
    const spec = { name, partitions: 2, compacted: false, retentionMs: -1 }
    await clients.one.ensureTopics([spec])
    await clients.two.ensureTopics([spec])
    await write(clients.one, name, 1, records(0, 3))
    await clients.one.ensureTopics([{ ...spec, partitions: 3 }])
    await clients.one.ensureTopics([{ ...spec, partitions: 1 }])
    await write(clients.one, name, 2, records(0, 1))
    expect(await readAll(clients.one, name, 1)).toHaveLength(3)
    await expect(clients.one.range(name, 3)).rejects.toMatchObject({ code: 'unknown_topic' })
  })

  test('a topic that is not there is an error that says so', async () => {
    const topic = unique('missing')
    const ignore = () => undefined
    await expect(clients.one.range(topic, 0)).rejects.toMatchObject({ code: 'unknown_topic' })
    await expect(
      clients.one.follow({ topic, from: new Map([[0, 0]]), records: ignore, failed: ignore }),
    ).rejects.toMatchObject({ code: 'unknown_topic' })
    await expect(
      clients.one.join({
        group: unique('g'),
        topic,
        assigned: ignore,
        revoked: ignore,
        records: ignore,
        failed: ignore,
      }),
    ).rejects.toMatchObject({ code: 'unknown_topic' })
  })

  test('deleting records moves the start of a lane and keeps what is above it', async () => {
    const topic = await topicOf(clients.one)
    await write(clients.one, topic, 0, records(0, 10))
    await clients.one.deleteRecords(topic, 0, 4)
    expect((await clients.two.range(topic, 0)).start).toBe(4)
    expect((await readAll(clients.two, topic)).map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9])
    await clients.one.deleteRecords(topic, 0, 2)
    expect((await clients.one.range(topic, 0)).start).toBe(4)
  })

  test('a closed client says so, and closing it again is fine', async () => {
    const topic = await topicOf(clients.one)
    const transactor = await clients.one.fence(unique('t'))
    await clients.one.close()
    await clients.one.close()
    await expect(clients.one.fence('any')).rejects.toMatchObject({ code: 'closed' })
    await expect(clients.one.range(topic, 0)).rejects.toMatchObject({ code: 'closed' })
    const attempt = async () => {
      const transaction = await transactor.begin()
      await transaction.send(topic, 0, records(0, 1))
      await transaction.commit()
    }
    await expect(attempt()).rejects.toMatchObject({ code: 'closed' })
  })
}
