import { createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Connection, ConnectionClass, compressionCodecs } from '../../../src/kafka/kafkajs/internals.ts'
import { kafkaLogger } from '../../../src/kafka/kafkajs/kafka-logger.ts'
import { Link } from '../../../src/kafka/kafkajs/link.ts'
import { patchKafkaJs } from '../../../src/kafka/kafkajs/patches.ts'
import { socketFactory } from '../../../src/kafka/kafkajs/sockets.ts'
import { kafkaBrokers } from '../../kit/kafka.ts'
import { until } from '../../kit/until.ts'

patchKafkaJs()

describe('idle connections', () => {
  test('do not wake the process up: no timer runs for what is not in flight', async () => {
    const brokers = await kafkaBrokers()
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
    const links = Array.from({ length: 10 }, () => new Link({ brokers, clientId: 'idle' }))
    await Promise.all(links.map(link => link.any()))
    await sleep(1500)
    const withLinks = timers()
    const before = performance.nodeTiming.uvMetricsInfo.loopCount
    await sleep(2000)
    const wakeUps = performance.nodeTiming.uvMetricsInfo.loopCount - before
    await Promise.all(links.map(link => link.close()))
    expect(withLinks).toBeLessThanOrEqual(timers())
    // The test runner's own are in this; unmended, ten connections make some 9,000 a second.
    expect(wakeUps).toBeLessThan(100)
  })
})

describe('a connection', () => {
  let server: Server
  let accepted: Socket[]
  let connection: Connection

  beforeEach(async () => {
    accepted = []
    server = createServer(socket => {
      accepted.push(socket)
      socket.on('error', () => socket.destroy())
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const Connect = ConnectionClass as unknown as new (options: object) => Connection
    connection = new Connect({
      host: '127.0.0.1',
      port,
      logger: kafkaLogger(),
      socketFactory,
      connectionTimeout: 1000,
      requestTimeout: 5000,
    })
  })
  afterEach(async () => {
    connection.requestQueue.rejectAll(new Error('over'))
    await connection.disconnect()
    for (const socket of accepted) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })

  test('opens one socket for all who find it down', async () => {
    await Promise.all([connection.connect(), connection.connect(), connection.connect()])
    await sleep(20)
    expect(accepted).toHaveLength(1)
  })

  test('starts clean after one that ended inside a response', async () => {
    await connection.connect()
    await until('it is accepted', () => accepted.length === 1)
    accepted[0]!.write(Buffer.from([0, 0, 1, 0, 7, 7]))
    await until('the torn response is there', () => connection.bytesBuffered > 0)
    await connection.disconnect()
    await connection.connect()
    expect(connection.bytesBuffered).toBe(0)
    expect(connection.bytesNeeded).toBe(4)
  })

  test('hears nothing of a socket that it has given up', async () => {
    await connection.connect()
    await until('it is accepted', () => accepted.length === 1)
    await connection.disconnect()
    await connection.connect()
    await until('the second is accepted', () => accepted.length === 2)
    accepted[0]!.write(Buffer.from([0, 0, 1, 0, 7, 7]))
    accepted[0]!.resetAndDestroy()
    await sleep(50)
    expect(connection.isConnected()).toBe(true)
    expect(connection.bytesBuffered).toBe(0)
  })
})

test('zstd is known to KafkaJS in both directions', async () => {
  const codec = compressionCodecs[4]!()
  const text = Buffer.from('penstock '.repeat(100))
  const packed = await codec.compress({ buffer: text })
  expect(packed.length).toBeLessThan(text.length)
  expect(await codec.decompress(packed)).toEqual(text)
})
