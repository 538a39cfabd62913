import { type Admin, Kafka, logLevel } from 'kafkajs'
import type { ConnectionOptions } from './link.ts'

/** Does something with KafkaJS's admin client, over connections of its own that end with it. */
export const asAdmin = async <T>(
  { brokers, clientId, ssl, sasl }: ConnectionOptions,
  work: (admin: Admin) => Promise<T>,
): Promise<T> => {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: logLevel.NOTHING,
    ...(ssl ? { ssl } : {}),
    ...(sasl ? { sasl: sasl as never } : {}),
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
