import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Broker } from '../../../src/kafka/broker.ts'
import { GroupSession } from '../../../src/kafka/kafkajs/group-session.ts'
import { ClusterClass, createErrorFromCode } from '../../../src/kafka/kafkajs/internals.ts'
import { Link } from '../../../src/kafka/kafkajs/link.ts'
import { openKafka } from '../../../src/kafka/kafkajs.ts'
import { kafkaBrokers } from '../../kit/kafka.ts'
import { until } from '../../kit/until.ts'
import { Member, topicOf, unique } from '../kit.ts'

const sessionTimeoutMs = 6000
const notCoordinator = 16

const connect = async (clientId: string) =>
  openKafka({ brokers: await kafkaBrokers(), clientId, sessionTimeoutMs, heartbeatMs: 200 })

const allOwnedBy = (name: string) => new Map([0, 1, 2, 3].map(lane => [lane, name]))

describe('the owners of lanes', () => {
  let broker: Broker
  beforeEach(async () => {
    broker = await connect('looker')
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await broker.close()
  })

  /** A group whose only member ends as its process would with kill -9: the connections break, and nobody says goodbye. */
  const withDeadMember = async () => {
    const topic = await topicOf(broker)
    const group = unique('g')
    const dying = await connect('dead')
    const member = await Member.join(dying, group, topic)
    await member.owns(4)
    const goodbye = vi.spyOn(GroupSession.prototype, 'leave').mockResolvedValue()
    await dying.close()
    goodbye.mockRestore()
    return { topic, group, diedAt: performance.now() }
  }

  test('are a killed member until its session ends, and nobody after that', async () => {
    const { topic, group, diedAt } = await withDeadMember()
    expect(await broker.owners(group, topic)).toEqual(allOwnedBy('dead'))
    await until('it is given up', async () => (await broker.owners(group, topic))?.size === 0, 20_000)
    expect(performance.now() - diedAt).toBeGreaterThan(sessionTimeoutMs - 1000)
  })

  test('are nobody that can be named while one who joins waits for a killed member, and then the one who joined', async () => {
    const { topic, group } = await withDeadMember()
    const other = await connect('heir')
    const heir = await Member.join(other, group, topic)
    await until('the group rebalances', async () => (await broker.owners(group, topic)) === null)
    const seen: unknown[] = []
    await until(
      'it has settled',
      async () => {
        const owners = await broker.owners(group, topic)
        seen.push(owners)
        return owners !== null
      },
      20_000,
    )
    expect(seen.at(-1)).toEqual(allOwnedBy('heir'))
    await heir.owns(4)
    await other.close()
  })

  test('are asked of the broker that coordinates the group now, when it has moved', async () => {
    const topic = await topicOf(broker)
    const group = unique('g')
    expect(await broker.owners(group, topic)).toEqual(new Map())
    const { send } = Link.prototype
    const moved = vi.spyOn(Link.prototype, 'send').mockImplementationOnce(async () => {
      throw createErrorFromCode(notCoordinator)
    })
    moved.mockImplementation(send)
    const finds = vi.spyOn(ClusterClass.prototype as { findGroupCoordinator(): unknown }, 'findGroupCoordinator')
    expect(await broker.owners(group, topic)).toEqual(new Map())
    expect(finds).toHaveBeenCalledTimes(1)
  })

  test('are asked of the broker that coordinates the group now, when the one before it is gone', async () => {
    const topic = await topicOf(broker)
    const group = unique('g')
    expect(await broker.owners(group, topic)).toEqual(new Map())
    const refused = Object.assign(new Error('Connection error: connect ECONNREFUSED'), {
      name: 'KafkaJSConnectionError',
    })
    const { send } = Link.prototype
    const gone = vi.spyOn(Link.prototype, 'send').mockRejectedValueOnce(refused)
    gone.mockImplementation(send)
    await expect(broker.owners(group, topic)).rejects.toMatchObject({ code: 'unreachable' })
    const finds = vi.spyOn(ClusterClass.prototype as { findGroupCoordinator(): unknown }, 'findGroupCoordinator')
    expect(await broker.owners(group, topic)).toEqual(new Map())
    expect(finds).toHaveBeenCalledTimes(1)
  })
})
