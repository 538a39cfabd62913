/**
 * Publishes a document to Penstock as an upstream system does, or says that it is gone: JSON, with a trace context.
 *
 *     node examples/03-upstream.ts tickets ticket:17 'The valve leaks.'
 *     node examples/03-upstream.ts tickets ticket:17
 *
 * KAFKA_BROKERS says where, and PENSTOCK_KAFKA_… how (TLS, SASL); an application would connect once and send many.
 */
import { randomBytes } from 'node:crypto'
import { Kafka } from 'kafkajs'
import { kafkaSettings } from './kafka-settings.ts'

const [kbId, uri, text] = process.argv.slice(2)
if (!kbId || !uri) throw new Error('Usage: node examples/03-upstream.ts KB URI [TEXT]')

const kafka = new Kafka({ clientId: 'example', ...kafkaSettings })
// What is sent twice is loaded twice, with the same end; an idempotent producer that sends one batch at a time keeps the order.
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
await producer.connect()

const traceId = randomBytes(16).toString('hex')
const document = { kb_id: kbId, uri, text, media_type: 'text/markdown', occurred_at: new Date().toISOString() }
const message = {
  // The uri as the key keeps what is said of a document in order.
  key: uri,
  // No value deletes; then a header says of which knowledge base.
  value: text === undefined ? null : JSON.stringify(document),
  headers: { kb_id: kbId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` },
}
const [sent] = await producer.send({ topic: 'upstream.documents', messages: [message], acks: -1 })
console.log(JSON.stringify({ uri, partition: sent?.partition, offset: Number(sent?.baseOffset), trace_id: traceId }))
await producer.disconnect()
