import { freePort } from '../../src/supervisor/ports.ts'
import type { Worker } from '../kit/installation.ts'
import { startTestKafka } from '../kit/kafka.ts'
import { startTestPostgres, testDatabase } from '../kit/postgres.ts'
import { openScenario } from '../system/scenario.ts'
import { openFailpoints } from './failpoint-server.ts'
import { startKafkaProxy } from './kafka-proxy.ts'
import { startTcpProxy } from './tcp-proxy.ts'

export type Rig = Awaited<ReturnType<typeof openRig>>

/** Every role as a process, with failpoints, behind a proxy to Kafka and one to PostgreSQL. */
export const openRig = async () => {
  const stack = new AsyncDisposableStack()
  try {
    return await open(stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const open = async (stack: AsyncDisposableStack) => {
  /** Ended in the opposite order, also when the rest does not come up. */
  const ending = <T extends { close(): Promise<void> }>(part: T): T => stack.adopt(part, one => one.close())
  const failpoints = ending(await openFailpoints())
  // Kafka reaches itself by the address that it names to others, so the proxy comes first.
  const [port, behind] = [await freePort(), await freePort()]
  const proxy = ending(await startKafkaProxy(port, behind))
  const kafka = await startTestKafka({ 'advertised.listeners': `CLIENTS://127.0.0.1:${port}` }, behind)
  const postgres = stack.adopt(await startTestPostgres(), one => one.stop())
  const database = await testDatabase(postgres.url)
  const url = new URL(database.url)
  const store = ending(await startTcpProxy(Number(url.port)))
  url.port = String(store.port)
  const scenario = ending(
    await openScenario({
      settings: {
        ...failpoints.environment,
        DATABASE_URL: url.href,
        KAFKA_BROKERS: `127.0.0.1:${port}`,
        PENSTOCK_EMBEDDING_TIMEOUT_MS: '3000',
      },
      makeKafka: async () => Object.create(kafka, { brokers: { value: [`127.0.0.1:${port}`] } }),
      makeDatabase: async () => database,
    }),
  )
  const { penstock } = scenario
  // What the counts of the others are held against.
  await scenario.isWhole(await scenario.start('undisturbed'), 'undisturbed')

  return {
    ...scenario,
    failpoints,
    /** Between the processes and Kafka. */
    proxy,
    /** Between the processes and PostgreSQL. */
    store,
    /** Ends whatever a fault has left in force. */
    async heal() {
      proxy.rule = null
      store.lose = null
      await scenario.unhinder()
    },
    workers: (role: Worker['role']) => penstock.workers.filter(worker => worker.role === role),
    /** Whether a client of Kafka is this process. */
    isOf: (worker: Worker, client: string) => client.endsWith(`-${worker.pid}`),
    close: () => stack.disposeAsync(),
  }
}
