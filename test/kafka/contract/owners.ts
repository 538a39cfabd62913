import { expect, test } from 'vitest'
import type { Broker } from '../../../src/kafka/broker.ts'
import { until } from '../../kit/until.ts'
import type { Clients } from '../broker-contract.ts'
import { Member, topicOf, unique } from '../kit.ts'

const lanes = [0, 1, 2, 3]

/** What is said of the lanes when the group has settled. */
const settled = (broker: Broker, group: string, topic: string) =>
  until('the group has settled', () => broker.owners(group, topic))

export const ownerContract = (clients: Clients): void => {
  test('each lane is owned by the client whose member was given it, and by the other one when that has left', async () => {
    const topic = await topicOf(clients.one)
    const group = unique('g')
    const one = await Member.join(clients.one, group, topic)
    await one.owns(4)
    const two = await Member.join(clients.two, group, topic)
    await one.owns(2)
    await two.owns(2)
    const shared = new Map(lanes.map(lane => [lane, one.lanes.includes(lane) ? 'one' : 'two']))
    for (const client of [clients.one, clients.two]) expect(await settled(client, group, topic)).toEqual(shared)
    await one.membership.leave()
    await two.owns(4)
    expect(await settled(clients.one, group, topic)).toEqual(new Map(lanes.map(lane => [lane, 'two'])))
    await two.membership.leave()
    expect(await settled(clients.one, group, topic)).toEqual(new Map())
  })

  test('a group that was never there owns nothing, nor does one of a topic that it does not read', async () => {
    const topic = await topicOf(clients.one)
    const other = await topicOf(clients.one)
    const group = unique('g')
    expect(await clients.one.owners(group, topic)).toEqual(new Map())
    const member = await Member.join(clients.one, group, topic)
    await member.owns(4)
    expect(await settled(clients.two, group, other)).toEqual(new Map())
    expect((await settled(clients.two, group, topic)).size).toBe(4)
  })
}
