import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedKafka, kafkaChild, startKafka } from '../../src/kafka/embedded.ts'
import { patchKafkaJs } from '../../src/kafka/kafkajs/patches.ts'
import { identityOf } from '../../src/supervisor/process-identity.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'
import { cacheDir } from '../kit/kafka.ts'
import { removeOrphans, serviceFolder } from '../kit/temporary-folder.ts'
import { until } from '../kit/until.ts'

patchKafkaJs()
const topic = 'kept'
let temporary: ReturnType<typeof serviceFolder>
const stops: (() => Promise<void>)[] = []
beforeEach(async () => {
  await removeOrphans('kafka')
  temporary = serviceFolder('kafka')
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  temporary.remove()
})

const start = async (signal?: AbortSignal) => {
  const kafka = await startKafka({ dataDir: temporary.folder, cacheDir, signal })
  stops.push(kafka.stop)
  return kafka
}

const client = (brokers: readonly string[]) =>
  new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { retries: 10, initialRetryTime: 50 } })

/** Each value is acknowledged before the next is sent. */
const produce = async (brokers: readonly string[], values: readonly string[]) => {
  const admin = client(brokers).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  await admin.disconnect()
  const producer = client(brokers).producer()
  await producer.connect()
  for (const value of values) await producer.send({ topic, acks: -1, messages: [{ value }] })
  await producer.disconnect()
}

const consume = async (brokers: readonly string[], count: number): Promise<string[]> => {
  const consumer = client(brokers).consumer({ groupId: `reader-${count}`, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: string[] = []
  await consumer.run({ eachMessage: async ({ message }) => void values.push(message.value!.toString()) })
  await until('the records are read', () => values.length >= count, 20_000)
  await consumer.disconnect()
  return values
}

test('a stopped Kafka comes back on the same port, as the same cluster, with its records', {
  timeout: 120_000,
}, async () => {
  const first = await start()
  const describe = async () => {
    const admin = client(first.brokers).admin()
    await admin.connect()
    const { clusterId } = await admin.describeCluster()
    await admin.disconnect()
    return clusterId
  }
  await produce(first.brokers, ['one', 'two'])
  const clusterId = await describe()
  await first.stop()
  expect(identityOf(first.pid)).toBeNull()
  expect(await first.ended).toBeNull()

  const second = await start()
  expect(second.brokers).toEqual(first.brokers)
  expect(await describe()).toBe(clusterId)
  expect(await consume(second.brokers, 2)).toEqual(['one', 'two'])
})

test('a Kafka that is killed is started again by its supervisor, with its records', { timeout: 120_000 }, async () => {
  const said: string[] = []
  const say = (_: object, message: string) => void said.push(message)
  const supervisor = new Supervisor({ log: { info: say, warn: say, error: say } })
  stops.push(() => supervisor.stop())
  const kafkas: EmbeddedKafka[] = []
  const child = kafkaChild({ dataDir: temporary.folder, cacheDir })
  const start = async (signal: AbortSignal) => {
    const started = await child.start(signal)
    kafkas.push(started)
    return started
  }
  const kafka = await supervisor.start({ ...child, start })
  const values = Array.from({ length: 200 }, (_, i) => `value ${i}`)
  await produce(kafka.brokers, values)
  process.kill(kafka.pid, 'SIGKILL')
  await until('it is up again', () => kafkas.length === 2, 60_000)
  expect(await consume(kafka.brokers, values.length)).toEqual(values)
  expect(said).toEqual(['Kafka ended unasked; it is started again in 250 ms.', 'Kafka is up again.'])
  await supervisor.stop()
  expect(kafkas.map(({ pid }) => identityOf(pid))).toEqual([null, null])
})

test('a Kafka whose parent was killed is ended by the next start, which has its records', {
  timeout: 120_000,
}, async () => {
  const script = `
    import { startKafka } from ${JSON.stringify(join(import.meta.dirname, '../../src/kafka/embedded.ts'))}
    const kafka = await startKafka(${JSON.stringify({ dataDir: temporary.folder, cacheDir })})
    console.log(JSON.stringify(kafka))`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  const left = JSON.parse(line) as { pid: number; brokers: string[] }
  await produce(left.brokers, ['of', 'a', 'former', 'life'])
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  expect(identityOf(left.pid)).not.toBeNull()

  const next = await start()
  expect(identityOf(left.pid)).toBeNull()
  expect(next.brokers).toEqual(left.brokers)
  expect(await consume(next.brokers, 4)).toEqual(['of', 'a', 'former', 'life'])
})

test('a start that is given up leaves no Kafka running, and the folder fit for the next', {
  timeout: 120_000,
}, async () => {
  const given = new AbortController()
  const starting = start(given.signal)
  const failure = expect(starting).rejects.toThrow('Ctrl-C')
  const note = join(temporary.folder, 'pid')
  await until('Kafka runs', () => existsSync(note), 60_000)
  const pid = Number(readFileSync(note, 'utf8').split(' ')[0])
  given.abort(new Error('Ctrl-C'))
  await failure
  expect(identityOf(pid)).toBeNull()
  await start()
})
