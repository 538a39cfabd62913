import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { patchKafkaJs } from './kafkajs/patches.ts'

/** What the probe is called at the broker, as a group and as a producer; it stores nothing under either. */
const id = 'penstock.probe'
const pauseMs = 25

/**
 * Resolves when the broker on this port of 127.0.0.1 serves clients, groups and transactions. The last two have topics
 * of their own, which are made when first asked for and read whole after each start: until then the broker refuses.
 */
export const answers = async (port: number, signal: AbortSignal): Promise<void> => {
  await patiently(() => accepts(port), signal)
  patchKafkaJs()
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    clientId: id,
    logLevel: logLevel.NOTHING,
    retry: { retries: 1, initialRetryTime: pauseMs },
  })
  const admin = kafka.admin()
  const producer = kafka.producer({ transactionalId: id, maxInFlightRequests: 1 })
  try {
    await patiently(() => admin.connect(), signal)
    await patiently(() => admin.fetchOffsets({ groupId: id }), signal)
    await patiently(() => producer.connect(), signal)
    await patiently(async () => (await producer.transaction()).abort(), signal)
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()])
  }
}

const accepts = async (port: number): Promise<void> => {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

/** Repeats until it works. Throws the last error when the signal is aborted. */
export const patiently = async <T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> => {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (signal.aborted) throw error
      await delay(pauseMs)
    }
  }
}
