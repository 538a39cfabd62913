/**
 * A stage of your own before the line, in TypeScript: it consumes a topic of another system, makes documents of its records,
 * and publishes them to `upstream.documents`, where INTAKE takes over. Here tickets as JSON become Markdown.
 *
 *     node examples/05-own-stage.ts tickets crm.tickets
 *
 * KAFKA_BROKERS says where, and PENSTOCK_KAFKA_… how (TLS, SASL). Start as many as the topic has partitions; Ctrl-C ends one after the batch in hand.
 *
 * Nothing is lost: a batch is acknowledged after its documents are. What a crash makes it publish twice ends as published
 * once, since an event says how a document is now, and events of one uri stay in order: one partition, one key.
 */
import { once } from 'node:events'
import { Kafka, type Message } from 'kafkajs'
import { kafkaSettings } from './kafka-settings.ts'

interface Ticket {
  readonly id: number
  readonly subject: string
  readonly text: string
  readonly closed?: boolean
}

const [kbId, topic] = process.argv.slice(2)
if (!kbId || !topic) throw new Error('Usage: node examples/05-own-stage.ts KB TOPIC')

const asEvent = ({ id, subject, text, closed = false }: Ticket): Message => {
  const uri = `ticket:${id}`
  const document = { kb_id: kbId, uri, title: subject, text: `# ${subject}\n\n${text}`, media_type: 'text/markdown' }
  return { key: uri, value: closed ? null : JSON.stringify(document), headers: { kb_id: kbId } }
}

const kafka = new Kafka({ clientId: 'own-stage', ...kafkaSettings })
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
const consumer = kafka.consumer({ groupId: `own-stage-${kbId}` })
await Promise.all([producer.connect(), consumer.connect()])
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  async eachBatch({ batch, resolveOffset, commitOffsetsIfNecessary, heartbeat }) {
    const tickets = batch.messages.map(({ value }) => JSON.parse(String(value)) as Ticket)
    for (let i = 0; i < tickets.length; i += 500) {
      await producer.send({ topic: 'upstream.documents', messages: tickets.slice(i, i + 500).map(asEvent), acks: -1 })
      await heartbeat()
    }
    const next = String(BigInt(batch.lastOffset()) + 1n)
    resolveOffset(batch.lastOffset())
    await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition: batch.partition, offset: next }] }] })
  },
})
console.log(`Documents of ${topic} go to ${kbId}`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await consumer.disconnect()
await producer.disconnect()
