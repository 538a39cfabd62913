import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { openKafka } from '../../../src/kafka/kafkajs.ts'
import { kafkaBrokers } from '../../kit/kafka.ts'

test('an address behind which nothing answers, though it takes connections, is left for another', {
  timeout: 60_000,
}, async () => {
  let asked = 0
  const dead = createServer(socket => {
    asked++
    socket.destroy()
  })
  dead.listen(0, '127.0.0.1')
  await once(dead, 'listening')
  const addresses = [`127.0.0.1:${(dead.address() as AddressInfo).port}`, ...(await kafkaBrokers())]
  // Which one is taken first is left to chance.
  for (let i = 0; i < 6; i++) {
    const broker = await openKafka({ brokers: addresses, allowOffsetExpiry: true })
    expect(await broker.clusterId()).not.toBe('')
    await broker.close()
  }
  expect(asked).toBeGreaterThan(0)
  dead.close()
})
