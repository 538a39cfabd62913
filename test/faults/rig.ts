import { freePort } from '../../src/supervisor/ports.ts'
import type { Worker } from '../kit/installation.ts'
import { startTestKafka } from '../kit/kafka.ts'
import { startTestCluster } from '../kit/kafka-cluster.ts'
import { startTestPostgres, testDatabase } from '../kit/postgres.ts'
import { openScenario } from '../system/scenario.ts'
import { openDisks, tablespaceOn } from './disks.ts'
import { openFailpoints } from './failpoint-server.ts'
import { type Rule, startKafkaProxy } from './kafka-proxy.ts'
import type { Setting, SubjectName } from './kind.ts'
import { NotStruck } from './not-struck.ts'
import { startTcpProxy } from './tcp-proxy.ts'

export type Rig = Awaited<ReturnType<typeof openRig>>

/**
 * Every role as a process, with failpoints, behind a proxy to each broker of Kafka and one to PostgreSQL. A job that has
 * not ended in time is broken.
 */
export const openRig = async (setting?: Setting, withinMs = 240_000) => {
  const stack = new AsyncDisposableStack()
  try {
    return await open(stack, withinMs, setting)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const open = async (stack: AsyncDisposableStack, withinMs: number, setting?: Setting) => {
  /** Ended in the opposite order, also when the rest does not come up. */
  const ending = <T extends { close(): Promise<void> }>(part: T): T => stack.adopt(part, one => one.close())
  const failpoints = ending(await openFailpoints())
  // Kafka reaches itself by the address that it names to others, so the proxies come first.
  const ports = await Promise.all(
    Array.from({ length: setting === 'three brokers' ? 3 : 1 }, async () => ({
      named: await freePort(),
      listening: await freePort(),
    })),
  )
  const proxies = await Promise.all(ports.map(async one => ending(await startKafkaProxy(one.named, one.listening))))
  const mounted = setting === 'small disks' ? await openDisks() : null
  const [disks, refusal] = mounted instanceof Error ? [null, mounted.message] : [mounted, '']
  if (disks) for (const disk of [disks.kafka, disks.store, disks.wal]) ending(disk)
  const [first] = ports
  const cluster = ports.length > 1 ? await startTestCluster(ports) : null
  const settings = { 'advertised.listeners': `CLIENTS://127.0.0.1:${first!.named}` }
  const kafka = cluster ?? (await startTestKafka(settings, first!.listening, disks?.kafka.folder))
  const postgres = stack.adopt(await startTestPostgres(disks?.wal.folder), one => one.stop())
  const tablespace = disks ? await tablespaceOn(disks.store, postgres) : undefined
  const database = await testDatabase(postgres.url, tablespace)
  const url = new URL(database.url)
  const store = ending(await startTcpProxy(Number(url.port)))
  url.port = String(store.port)
  const brokers = ports.map(({ named }) => `127.0.0.1:${named}`)
  const scenario = ending(
    await openScenario({
      settings: {
        ...failpoints.environment,
        DATABASE_URL: url.href,
        KAFKA_BROKERS: brokers.join(','),
        PENSTOCK_EMBEDDING_TIMEOUT_MS: '3000',
        PENSTOCK_PARSER_TIMEOUT_MS: '1000',
        PENSTOCK_PARSER_MEMORY_MB: '256',
      },
      makeKafka: async () => Object.create(kafka, { brokers: { value: brokers } }),
      makeDatabase: async () => database,
      withinMs,
    }),
  )
  const { penstock, provider } = scenario
  /** Requests for the vectors of a knowledge base; each has a model of its own. */
  const calls = (kb: string) => provider.requests.filter(({ body }) => body.model === kb).length
  // What the counts of the others are held against.
  await scenario.isWhole(await scenario.start('undisturbed'), 'undisturbed').catch(cause => {
    throw new Error('The undisturbed job is broken', { cause })
  })

  return {
    ...scenario,
    failpoints,
    /** Between the processes and PostgreSQL. */
    store,
    postgres,
    /** The nodes of a Kafka of several. */
    nodes: cluster?.nodes ?? [],
    kafka,
    /** What Kafka and the tables are on, with `small disks`. Throws NotStruck where none could be mounted. */
    get disks() {
      if (disks) return disks
      throw new NotStruck(`no small disk could be mounted: ${refusal}`)
    },
    calls,
    /** Requests for vectors of a job that nothing disturbed, by its sort. */
    undisturbedCalls: new Map<SubjectName, number>([['documents', calls('undisturbed')]]),
    /** Puts a rule in force between the processes and Kafka. */
    rule(rule: Rule | null) {
      for (const proxy of proxies) proxy.rule = rule
    },
    /** Ends whatever a fault has left in force. */
    async heal() {
      for (const proxy of proxies) proxy.rule = null
      store.lose = null
      store.hold = null
      store.swallow = null
      await scenario.unhinder()
    },
    workers: (role: Worker['role']) => penstock.workers.filter(worker => worker.role === role),
    /** Whether a client of Kafka is this process. */
    isOf: (worker: Worker, client: string) => client.endsWith(`-${worker.pid}`),
    close: () => stack.disposeAsync(),
  }
}
