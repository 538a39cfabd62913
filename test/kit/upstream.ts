import { randomBytes } from 'node:crypto'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'

/** An upstream system that publishes documents, as plain Kafka clients do. */
export const openUpstream = async (brokers: readonly string[]) => {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'upstream', logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const send = (
    messages: readonly { key: string; value: Buffer | string | null; headers?: Record<string, string> }[],
    compression = CompressionTypes.None,
  ) => producer.send({ topic: 'upstream.documents', messages: [...messages], acks: -1, compression })
  return {
    send,
    /** Documents as JSON. */
    publish: (kb_id: string, documents: readonly Sent[]) =>
      send(documents.map(({ uri, ...rest }) => ({ key: uri, value: JSON.stringify({ kb_id, uri, ...rest }) }))),
    /** A record without a value. */
    remove: (kb_id: string, uri: string) => send([{ key: uri, value: null, headers: { kb_id } }]),
    close: () => producer.disconnect(),
  }
}

export interface Sent {
  readonly uri: string
  readonly text?: string
  readonly title?: string
  readonly media_type?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly deleted?: boolean
}

/** A W3C trace context, and its trace id. */
export const traceparent = () => {
  const id = randomBytes(16).toString('hex')
  return { id, header: `00-${id}-${randomBytes(8).toString('hex')}-01` }
}
