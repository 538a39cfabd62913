import { afterAll, beforeAll, expect, test } from 'vitest'
import { openKafka } from '../../src/kafka/kafkajs.ts'
import { startTestKafka } from '../kit/kafka.ts'
import { until } from '../kit/until.ts'
import { keys, Member, readAll, records, topicOf, unique, write } from './kit.ts'

const heartbeatMs = 200
let kafka: Awaited<ReturnType<typeof startTestKafka>>
beforeAll(async () => {
  kafka = await startTestKafka()
})
afterAll(() => kafka?.stop())

test.each([
  ['shorter', 60_000],
  ['longer', 6000],
] as const)(
  'a member, a follower and the owners outlive a kill of the broker that is %s than a session',
  {
    timeout: 180_000,
  },
  async (outage, sessionTimeoutMs) => {
    const broker = await openKafka({ brokers: kafka.brokers, clientId: 'survivor', sessionTimeoutMs, heartbeatMs })
    const topic = await topicOf(broker)
    const group = unique('g')
    const failures: Error[] = []
    const followed: string[] = []
    const follower = await broker.follow({
      topic,
      from: new Map([[0, 0]]),
      records: batch => void followed.push(...keys(batch.records)),
      failed: error => void failures.push(error),
    })
    const member = await Member.join(broker, group, topic, {
      failures,
      onAssigned(this: Member) {
        this.read(0, this.batches.at(-1)?.next ?? 0)
      },
    })
    await member.owns(4)
    const allLanes = new Map([0, 1, 2, 3].map(lane => [lane, 'survivor']))
    expect(await broker.owners(group, topic)).toEqual(allLanes)
    const transaction = await (await broker.fence(unique('writer'))).begin()
    await transaction.send(topic, 0, records(0, 100))
    await transaction.commitOffset(group, topic, 0, 7)
    await transaction.commit()
    await until('both have read', () => followed.length === 100 && member.keys(0).length === 100)

    const { pid } = kafka
    await kafka.kill()
    await expect(broker.owners(group, topic)).rejects.toMatchObject({ code: 'unreachable' })
    await expect(broker.committed(group, topic, 0)).rejects.toMatchObject({ code: 'unreachable' })
    if (outage === 'longer') await until('the member gives its lanes up', () => member.lanes.length === 0, 20_000)
    const epochBefore = member.epoch
    await kafka.revive()
    expect(kafka.pid).not.toBe(pid)

    await until('the member is heard again', () => member.membership.silentMs() < heartbeatMs * 2, 30_000)
    await member.owns(4)
    const settled = () => broker.owners(group, topic).catch(() => null)
    expect(await until('the group has settled', settled, 30_000)).toEqual(allLanes)
    expect(await broker.committed(group, topic, 0)).toBe(7)
    await write(broker, topic, 0, records(100, 100))
    const written = records(0, 200).map(({ key }) => key)
    await until('both read on', () => followed.length >= 200 && member.keys(0).length >= 200, 30_000)
    await follower.caughtUp()
    expect(followed).toEqual(written)
    expect(member.keys(0)).toEqual(written)
    expect(keys(await readAll(broker, topic))).toEqual(written)
    if (outage === 'longer') expect(member.epoch).toBeGreaterThan(epochBefore)
    expect(failures).toEqual([])
    await broker.close()
  },
)
