import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Broker } from '../../src/kafka/broker.ts'
import { GroupSession } from '../../src/kafka/kafkajs/group-session.ts'
import { Link } from '../../src/kafka/kafkajs/link.ts'
import { openKafka } from '../../src/kafka/kafkajs.ts'
import { kafkaBrokers } from '../kit/kafka.ts'
import { until } from '../kit/until.ts'
import { brokerContract } from './broker-contract.ts'
import { keys, Member, readAll, records, topicOf, unique, write } from './kit.ts'

const connect = async (clientId?: string) => {
  const brokers = await kafkaBrokers()
  return openKafka({ brokers, sessionTimeoutMs: 6000, heartbeatMs: 200, ...(clientId ? { clientId } : {}) })
}

describe('the KafkaJS adapter on a real broker', () => {
  brokerContract(connect)
})

describe('the KafkaJS adapter when things break', () => {
  let broker: Broker
  beforeEach(async () => {
    broker = await connect()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await broker.close()
  })

  /** The next request of this kind gets no answer: lost on its way there (`request`) or back (`response`). */
  const lose = (lost: 'request' | 'response', api: string) => {
    const { send } = Link.prototype
    const spy = vi.spyOn(Link.prototype, 'send')
    spy.mockImplementation(async function (this: Link, node, name, ...rest) {
      if (name === api) {
        spy.mockRestore()
        if (lost === 'response') await send.call(this, node, name, ...rest)
        throw Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' })
      }
      return (await send.call(this, node, name, ...rest)) as never
    })
  }

  test.each([
    ['request', null],
    ['response', 3],
  ] as const)('a commit whose %s is lost is told by the offset after the next fence', async (lost, offset) => {
    const topic = await topicOf(broker)
    const [id, group] = [unique('lane'), unique('g')]
    const transactor = await broker.fence(id)
    const transaction = await transactor.begin()
    await transaction.send(topic, 0, records(0, 3))
    await transaction.commitOffset(group, topic, 0, 3)
    lose(lost, 'EndTxn')
    await expect(transaction.commit()).rejects.toMatchObject({ code: 'unreachable' })
    await expect(transactor.begin()).rejects.toMatchObject({ code: 'unreachable' })
    await transactor.close()
    const anew = await broker.fence(id)
    expect(await broker.committed(group, topic, 0)).toBe(offset)
    const next = await anew.begin()
    await next.send(topic, 0, records(3, 1))
    await next.commit()
    expect(keys(await readAll(broker, topic))).toEqual(offset === null ? ['3'] : ['0', '1', '2', '3'])
  })

  test.each(['AddPartitionsToTxn', 'Produce', 'TxnOffsetCommit'])(
    'a slice that dies in %s leaves nothing behind, and the lane goes on',
    async api => {
      const topic = await topicOf(broker)
      const [id, group] = [unique('lane'), unique('g')]
      const transactor = await broker.fence(id)
      const transaction = await transactor.begin()
      await transaction.send(topic, 0, records(0, 3))
      await transaction.commitOffset(group, topic, 0, 3)
      lose('response', api)
      await expect(transaction.commit()).rejects.toMatchObject({ code: 'unreachable' })
      const anew = await broker.fence(id)
      expect(await broker.committed(group, topic, 0)).toBeNull()
      const next = await anew.begin()
      await next.send(topic, 0, records(0, 3))
      await next.commitOffset(group, topic, 0, 3)
      await next.commit()
      expect(keys(await readAll(broker, topic))).toEqual(['0', '1', '2'])
      expect(await broker.committed(group, topic, 0)).toBe(3)
    },
  )

  test('members and followers go on where they stood when every connection breaks, again and again', async () => {
    const topic = await topicOf(broker)
    const ports = new Set((await kafkaBrokers()).map(address => Number(address.split(':')[1])))
    const breakAll = () => {
      const handles = (process as unknown as { _getActiveHandles(): Partial<Socket>[] })._getActiveHandles()
      const sockets = handles.filter(({ remotePort }) => remotePort !== undefined && ports.has(remotePort))
      const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
      for (const socket of sockets) socket.destroy?.(reset)
      return sockets.length
    }
    const followed: string[] = []
    const follower = await broker.follow({
      topic,
      from: new Map([[0, 0]]),
      records: batch => void followed.push(...keys(batch.records)),
      failed: error => expect.unreachable(error.message),
    })
    const member = await Member.join(broker, unique('g'), topic, {
      onAssigned(this: Member) {
        this.read(0, this.batches.at(-1)?.next ?? 0)
      },
    })
    await member.owns(4)
    const other = await connect()
    let broken = 0
    for (let round = 0; round < 8; round++) {
      broken += breakAll()
      const id = unique('writer')
      let attempts = 0
      await until('a writer gets through', () =>
        other
          .fence(id)
          .then(async transactor => {
            const transaction = await transactor.begin()
            await transaction.send(topic, 0, records(round * 100, 100, 2000))
            if (round % 2 === 1 && attempts++ === 0) breakAll()
            await transaction.commit()
          })
          .then(
            () => true,
            () => false,
          ),
      )
      await sleep(round * 10)
    }
    expect(broken).toBeGreaterThan(8)
    const expected = keys(await readAll(other, topic))
    await other.close()
    expect(expected.length).toBeGreaterThanOrEqual(800)
    await until('the follower has read all', () => followed.length >= expected.length)
    await until('the member has read all', () => member.keys(0).length >= expected.length)
    expect(followed).toEqual(expected)
    expect(member.keys(0)).toEqual(expected)
    expect(member.failures).toEqual([])
    await follower.stop()
  })

  test('a member that was frozen past its session has lost its lanes, knows how long, and joins again', async () => {
    const topic = await topicOf(broker)
    const group = unique('g')
    const member = await Member.join(broker, group, topic)
    await member.owns(4)
    const before = member.epoch
    const { heartbeat } = GroupSession.prototype
    const thaw = Promise.withResolvers<void>()
    vi.spyOn(GroupSession.prototype, 'heartbeat').mockImplementation(async function (this: GroupSession) {
      await thaw.promise
      await heartbeat.call(this)
    })
    await until('it has been silent', () => member.membership.silentMs() > member.membership.sessionTimeoutMs + 1000)
    const other = await connect()
    const rival = await Member.join(other, group, topic)
    await rival.owns(4)
    expect(member.lanes).toHaveLength(4)
    vi.restoreAllMocks()
    thaw.resolve()
    await member.owns(2)
    await rival.owns(2)
    expect(member.revocations).toBe(1)
    expect(member.epoch).toBeGreaterThan(before)
    expect(member.membership.silentMs()).toBeLessThan(2000)
    await other.close()
  })

  test('a member whose join had to wait for a dead one to be given up was heard just now', async () => {
    const topic = await topicOf(broker)
    const group = unique('g')
    const dead = await Member.join(broker, group, topic)
    await dead.owns(4)
    const frozen = Promise.withResolvers<void>()
    vi.spyOn(GroupSession.prototype, 'heartbeat').mockImplementation(() => frozen.promise)
    const other = await connect()
    const silence: number[] = []
    const joinedAt = performance.now()
    const member = await Member.join(other, group, topic, {
      onAssigned(this: Member) {
        silence.push(this.membership.silentMs())
      },
    })
    await member.owns(4)
    const waitedMs = performance.now() - joinedAt
    vi.restoreAllMocks()
    frozen.resolve()
    await other.close()
    expect(waitedMs).toBeGreaterThan(member.membership.sessionTimeoutMs / 2)
    expect(silence[0]).toBeLessThan(1000)
  })

  test('a topic compressed by another writer is read', async () => {
    const topic = await topicOf(broker)
    const { Kafka, CompressionTypes, logLevel } = await import('kafkajs')
    const kafka = new Kafka({ brokers: [...(await kafkaBrokers())], logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ createPartitioner: () => () => 0 })
    await producer.connect()
    for (const compression of [CompressionTypes.ZSTD, CompressionTypes.GZIP, CompressionTypes.None])
      await producer.send({ topic, compression, messages: [{ key: String(compression), value: 'x'.repeat(1000) }] })
    await producer.disconnect()
    await write(broker, topic, 0, records(9, 1))
    expect(keys(await readAll(broker, topic))).toEqual(['4', '1', '0', '9'])
  })
})
