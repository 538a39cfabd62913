import { describe, expect, test } from 'vitest'
import { memoryKafka } from '../../src/kafka/memory.ts'
import { brokerContract } from './broker-contract.ts'
import { Member, topicOf, unique } from './kit.ts'

describe('the in-memory broker', () => {
  const kafka = memoryKafka()
  brokerContract(async clientId => kafka.connect(clientId))
})

test('nobody can say who owns a lane between a change of members and its assignment', async () => {
  const deferred: (() => void)[] = []
  const settle = () => {
    for (const work of deferred.splice(0)) work()
  }
  const broker = memoryKafka({ defer: work => void deferred.push(work) }).connect('one')
  const topic = await topicOf(broker, 1)
  const group = unique('g')
  const member = await Member.join(broker, group, topic)
  expect(await broker.owners(group, topic)).toBeNull()
  settle()
  expect(await broker.owners(group, topic)).toEqual(new Map([[0, 'one']]))
  await member.membership.leave()
  expect(await broker.owners(group, topic)).toBeNull()
  settle()
  expect(await broker.owners(group, topic)).toEqual(new Map())
})
