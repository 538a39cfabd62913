/**
 * Asks Penstock for something by Kafka instead of HTTP, and waits for the outcome.
 *
 *     node examples/02-commands.ts start handbook '{"sources": [{"type": "markdown", "path": "docs"}]}'
 *     node examples/02-commands.ts pause handbook EMBEDDING
 *
 * KAFKA_BROKERS and SCHEMA_REGISTRY_URL say where, and PENSTOCK_KAFKA_… how (TLS, SASL); an application would connect once and keep its own command ids.
 */
import { randomUUID } from 'node:crypto'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { Kafka } from 'kafkajs'
import { kafkaSettings } from './kafka-settings.ts'

const [verb, kbId, argument] = process.argv.slice(2)
const { SCHEMA_REGISTRY_URL = 'http://127.0.0.1:8081' } = process.env
if (!verb || !kbId) throw new Error('Usage: node examples/02-commands.ts VERB KB [REQUEST or PHASE]')

const registry = new SchemaRegistry({ host: SCHEMA_REGISTRY_URL })
const kafka = new Kafka({ clientId: 'example', ...kafkaSettings })

/** Sent twice, a command is carried out once: whoever does not know whether it arrived sends it again. */
const command = {
  type: 'job_command',
  command_id: randomUUID(),
  verb,
  kb_id: kbId,
  phase: verb === 'start' ? null : (argument ?? null),
  request: verb === 'start' ? (argument ?? null) : null,
}

const outcome = Promise.withResolvers<Record<string, unknown>>()
const consumer = kafka.consumer({ groupId: `example-${command.command_id}` })
await consumer.connect()
await consumer.subscribe({ topic: 'job.events', fromBeginning: true })
await consumer.run({
  async eachMessage({ message }) {
    const event = await registry.decode(message.value!)
    if (event.command_id === command.command_id) outcome.resolve(event)
  },
})

const schema = await registry.getLatestSchemaId('job.commands-penstock.JobCommand')
const producer = kafka.producer()
await producer.connect()
// One key a knowledge base keeps its commands in order, also on more than one partition.
const message = { key: kbId, value: await registry.encode(schema, command) }
await producer.send({ topic: 'job.commands', messages: [message] })
console.log(JSON.stringify(await outcome.promise))
await producer.disconnect()
await consumer.disconnect()
process.exit()
