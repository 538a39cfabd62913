import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Broker } from '../../../src/kafka/broker.ts'
import { openKafka } from '../../../src/kafka/kafkajs.ts'
import { freePort } from '../../../src/supervisor/ports.ts'
import { api, type KafkaProxy, startKafkaProxy } from '../../faults/kafka-proxy.ts'
import { startTestKafka } from '../../kit/kafka.ts'
import { until } from '../../kit/until.ts'
import { Member, records, topicOf, unique, write } from '../kit.ts'

const heartbeatMs = 300
let kafka: Awaited<ReturnType<typeof startTestKafka>>
let proxy: KafkaProxy
let broker: Broker

beforeAll(async () => {
  const [named, listening] = [await freePort(), await freePort()]
  proxy = await startKafkaProxy(named, listening)
  kafka = await startTestKafka({ 'advertised.listeners': `CLIENTS://127.0.0.1:${named}` }, listening)
  broker = await openKafka({
    brokers: [`127.0.0.1:${named}`],
    sessionTimeoutMs: 6000,
    heartbeatMs,
    allowOffsetExpiry: true,
  })
})
afterAll(async () => {
  await broker?.close()
  await kafka?.stop()
  await proxy?.close()
})

test('a member that cannot know whether it has its lanes does not fail for records that are gone', {
  timeout: 60_000,
}, async () => {
  const topic = await topicOf(broker)
  await write(broker, topic, 0, records(0, 10))
  const member = await Member.join(broker, unique('group'), topic)
  await member.owns(4)
  member.read(0)
  await until('all is read', () => member.keys(0).length === 10)
  member.membership.pause([0])

  proxy.rule = ({ api: key, direction }) =>
    direction === 'request' && (key === api.heartbeat || key === api.joinGroup) ? 'reset' : 'pass'
  await until('silence', () => member.membership.silentMs() > 2 * heartbeatMs)
  await write(broker, topic, 0, records(10, 10))
  const { end } = await broker.range(topic, 0)
  await broker.deleteRecords(topic, 0, end)
  member.read(0)
  await until('its session to be over', () => member.revocations > 0, 20_000)
  expect(member.failures).toEqual([])

  proxy.rule = null
  await member.owns(4)
  member.read(0, end)
  await write(broker, topic, 0, records(20, 1))
  await until('it goes on', () => member.keys(0).includes('20'))
  expect(member.failures).toEqual([])
  await member.membership.leave()
})
