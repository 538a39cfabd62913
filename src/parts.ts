import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { databaseConnection, kafkaSecurity, registryConnection } from './connections.ts'
import { onJobChanges } from './coordinator/job-changes.ts'
import { type Database, openDatabase } from './database.ts'
import type { Broker } from './kafka/broker.ts'
import { openKafka } from './kafka/kafkajs.ts'
import type { KnowledgeStore, TableWriter } from './knowledge/knowledge-base.ts'
import { createKnowledgeStore } from './knowledge/pgvector.ts'
import { createTableStore } from './knowledge/table-store.ts'
import { type Metering, openMetering } from './metering.ts'
import { migrationStatus } from './migrate.ts'
import type { Embedder, EmbeddingSettings } from './models/model.ts'
import { openModels } from './models/open.ts'
import { processName } from './process-name.ts'
import type { Effects } from './runtime/effects.ts'
import { type Gate, openGate } from './runtime/gate.ts'
import type { Tracing } from './runtime/tracing.ts'
import type { Codec } from './schemas/codec.ts'
import { openCodec } from './schemas/registry.ts'
import { topicSpecs } from './schemas/topic-specs.ts'
import { topics } from './schemas/topics.ts'
import { Fetcher } from './sources/fetcher.ts'
import { type ParserPool, parserPool } from './sources/parsing/pool.ts'
import { noTelemetry, type Telemetry } from './telemetry/otel.ts'
import { version } from './version.ts'

/** The parts of a process, each opened when a role first asks for it and closed with the process. */
export interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly metering: Metering
  /** What slices are recorded by. */
  readonly tracing: Tracing
  readonly embedderFor: (settings: EmbeddingSettings) => Embedder
  broker(): Promise<Broker>
  codec(): Promise<Codec>
  gate(): Promise<Gate>
  database(): Promise<Database>
  store(): Promise<KnowledgeStore>
  tables(): Promise<Effects<TableWriter>>
  parsers(): Promise<ParserPool>
  /** One for a process: a host is asked no faster because several ask. */
  fetcher(): Promise<Fetcher>
  /** Closes what was opened, the latest first. */
  close(): Promise<void>
}

/** The addresses that a role needs; the embedded parts' own when `up` started them. */
const addressOf = (value: string | readonly string[] | null, variable: string): string => {
  if (value === null)
    throw new Error(`Set ${variable}: a role that runs by itself starts no embedded parts. \`penstock up\` does.`)
  return typeof value === 'string' ? value : value.join(',')
}

const poolMax = 8

/** Honest: it says what reads, and where to complain. */
const userAgentOf = ({ fetch: { contact } }: Config): string =>
  `Penstock/${version}${contact === null ? '' : ` (+${contact})`}`

/** `failed` is called when a part can no longer be used and the process should end. */
export const openParts = (
  config: Config,
  log: Logger,
  failed: (error: Error) => void,
  { tracing, lost }: Pick<Telemetry, 'tracing' | 'lost'> = noTelemetry,
): Parts => {
  const closers: (() => Promise<void>)[] = []
  const once = <T>(open: () => Promise<T>, close: (part: T) => Promise<void>): (() => Promise<T>) => {
    let opened: Promise<T> | null = null
    const start = async () => {
      const part = await open()
      closers.push(() => close(part))
      return part
    }
    return () => {
      opened ??= start()
      return opened
    }
  }
  const metering = openMetering(config, log)
  metering.spansLost(lost)
  const noClose = async () => undefined

  const broker = once(
    async () => {
      const { sessionTimeoutMs, allowOffsetExpiry, replicationFactor } = config.kafka
      const brokers = addressOf(config.kafka.brokers, 'KAFKA_BROKERS').split(',')
      const opened = await openKafka({
        ...{ brokers, clientId: processName, log, sessionTimeoutMs, allowOffsetExpiry },
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
        ...kafkaSecurity(config),
      })
      await opened.ensureTopics(topicSpecs(config.jobs.lanes, config.upstream.partitions))
      return opened
    },
    part => part.close(),
  )
  const codec = once(
    () => openCodec({ ...registryConnection(addressOf(config.registry.url, 'SCHEMA_REGISTRY_URL'), config), topics }),
    noClose,
  )
  const gate = once(
    async () => openGate({ broker: await broker(), codec: await codec(), failed }),
    part => part.close(),
  )
  const database = once(
    async () => {
      const connection = databaseConnection(addressOf(config.database.url, 'DATABASE_URL'), config)
      const opened = await openDatabase({ ...connection, poolMax, log })
      const { pending } = await migrationStatus(opened)
      if (pending.length === 0) {
        metering.pool(opened.pool, poolMax)
        onJobChanges(opened.orm.em, metering.job)
        return opened
      }
      await opened.close()
      throw new Error(`The database lacks ${pending.join(', ')}. Run \`penstock migrate\` first.`)
    },
    part => part.close(),
  )
  const store = once(
    async () => createKnowledgeStore({ ...(await database()), deleteGuard: config.jobs.deleteGuard, code: version }),
    noClose,
  )

  const tables = once(async () => createTableStore(await database()), noClose)

  const parsers = once(
    async () => {
      const { processes: children, timeoutMs, memoryMb } = config.parsers
      return parserPool({ children, timeoutMs, memoryBytes: memoryMb * 1024 * 1024 })
    },
    part => part.close(),
  )

  const fetcher = once(
    async () => new Fetcher({ ...config.fetch, userAgent: userAgentOf(config) }),
    async part => part.close(),
  )

  return {
    config,
    log,
    metering,
    tracing,
    embedderFor: openModels(config, metering.models),
    broker,
    codec,
    gate,
    database,
    store,
    tables,
    parsers,
    fetcher,
    async close() {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}
