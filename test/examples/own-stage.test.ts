import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openInstallation } from '../kit/installation.ts'
import { pythonWith } from '../kit/python.ts'
import { until } from '../kit/until.ts'
import { searchable } from '../kit/upstream-story.ts'

const example = (name: string) => resolve(import.meta.dirname, '../../examples', name)
const kb = 'tickets'

let penstock: Awaited<ReturnType<typeof openInstallation>>
let kafka: Kafka
const started: ChildProcess[] = []
beforeAll(async () => {
  const stages = ['intake', 'loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const
  penstock = await openInstallation(['api', 'coordinator', ...stages])
  const brokers = penstock.addresses.KAFKA_BROKERS.split(',')
  kafka = new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING })
})
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await penstock?.close()
})

/** Resolves when the stage says that it works. */
const startStage = async (command: string, ...args: readonly string[]) => {
  const env = { ...process.env, ...penstock.addresses }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  expect(line).toMatch(/^Documents /)
  return child
}
const stop = async (child: ChildProcess) => {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  return (await ended)[0]
}
const makeTopic = async (topic: string) => {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true })
  await admin.disconnect()
}

test('a stage before the line makes documents of records of another system', { timeout: 120_000 }, async () => {
  await penstock.client.ingest({ body: { kb_id: kb, sources: [{ type: 'events' }] } })
  await makeTopic('crm.tickets')
  const producer = kafka.producer()
  await producer.connect()
  const publish = (...tickets: readonly object[]) =>
    producer.send({
      topic: 'crm.tickets',
      messages: tickets.map(ticket => ({ key: '1', value: JSON.stringify(ticket) })),
    })
  const texts = async () => (await searchable(penstock, kb)).texts
  await publish({ id: 1, subject: 'Valve', text: 'It leaks.' }, { id: 2, subject: 'Pump', text: 'It stands.' })
  const stage = await startStage(process.execPath, example('05-own-stage.ts'), kb, 'crm.tickets')
  await until('both tickets are found', async () => (await texts()).size === 2, 60_000)
  await publish({ id: 1, subject: 'Valve', text: 'Mended.' }, { id: 2, subject: 'Pump', text: '', closed: true })
  await until(
    'one is changed, and one gone',
    async () => {
      const now = await texts()
      return now.size === 1 && now.get('ticket:1')?.includes('Mended.')
    },
    60_000,
  )
  expect(await stop(stage)).toBe(0)
  await producer.disconnect()
})

test('a stage beside the line reads the documents of a job, each once', { timeout: 240_000 }, async () => {
  const venv = await pythonWith(['confluent-kafka==2.16.1', 'fastavro==1.13.1'], 'The example in Python')
  await makeTopic('document.words')
  const stage = await startStage(join(venv, 'bin', 'python'), example('06-own-stage.py'), 'document.words')
  penstock.write('a.md', '# A\n\nOne two three.\n')
  penstock.write('b.md', 'One two three four.\n')
  const sources = [{ type: 'markdown' as const, path: penstock.corpus }]
  const { job_id } = await penstock.client.ingest({ body: { kb_id: 'counted', sources } })
  const read: { job_id: string; uri: string; words: number }[] = []
  const consumer = kafka.consumer({ groupId: 'reader' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'document.words', fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(JSON.parse(String(message.value))) })
  await until('both documents are counted', () => read.filter(one => one.job_id === job_id).length >= 2, 60_000)
  await consumer.disconnect()
  expect(read.filter(one => one.job_id === job_id).map(({ uri, words }) => [uri.split('/').at(-1), words])).toEqual(
    expect.arrayContaining([
      ['a.md', 5],
      ['b.md', 4],
    ]),
  )
  expect(await stop(stage)).toBe(0)
})
