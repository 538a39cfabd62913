import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Config, environmentOf } from './config.ts'
import { databaseConnection } from './connections.ts'
import { openDatabase } from './database.ts'
import { kafkaChild } from './kafka/embedded.ts'
import { registryChild } from './kafka/registry-embedded.ts'
import { databaseChild } from './knowledge/embedded.ts'
import { migrateUp } from './migrate.ts'
import { endFormerRoles, roleProcess } from './role-process.ts'
import { type Role, roleNames } from './roles.ts'
import { lockFolder } from './supervisor/folder-lock.ts'
import { choosePort } from './supervisor/ports.ts'
import { Supervisor } from './supervisor/supervisor.ts'

export interface RunningUp {
  /** The address of the API. */
  readonly url: string
  /** Resolves with the reason when a part does not stay up. */
  readonly failed: Promise<Error>
  /** Ends everything, the parts that were started last first. Calling it twice is fine. */
  stop(): Promise<void>
}

export interface UpOptions {
  readonly config: Config
  readonly log: Logger
  /** Told what was done, for people. */
  say(line: string): void
  /** Gives up a start that is not over yet. */
  readonly signal?: AbortSignal
}

/** Two processes, so that both cores of a small machine work: what reads and cuts, and what computes and stores. */
const processes: readonly (readonly Role[])[] = [
  ['api', 'coordinator', 'intake', 'loading', 'chunking'],
  ['embedding', 'indexing', 'tabulating', 'finishing'],
]

/**
 * Starts the embedded parts that no address replaces, brings the database up to date, then runs every role. Throws
 * FolderInUse when the data folder is another's, PortInUse when the API's port is, and the signal's reason.
 */
export const up = async (options: UpOptions): Promise<RunningUp> => {
  const lock = lockFolder(options.config.dataDir)
  const supervisor = new Supervisor({ log: options.log })
  const stop = async () => {
    await supervisor.stop()
    lock.release()
  }
  const { signal } = options
  const giveUp = () => supervisor.stop()
  signal?.addEventListener('abort', giveUp)
  try {
    signal?.throwIfAborted()
    const url = await start(options, supervisor)
    lock.announce(url)
    return { url, failed: supervisor.failed, stop }
  } catch (error) {
    await stop()
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

const start = async (options: UpOptions, supervisor: Supervisor): Promise<string> => {
  const { config, say } = options
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now()
    const result = await work()
    say(`${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
    return result
  }
  const logs = folderIn(config, 'log')
  const run = folderIn(config, 'run')
  const children = processes.map(roles => {
    const name = roles.join('-')
    return { roles, logFile: join(logs, `${name}.log`), pidFile: join(run, `${name}.pid`) }
  })
  await Promise.all(children.map(({ pidFile }) => endFormerRoles(pidFile)))
  const address = await apiAddress(config)
  const parts = await startParts(options, supervisor, timed)
  await timed('the database is up to date', async () => {
    const database = await openDatabase({
      ...databaseConnection(parts.DATABASE_URL, config),
      ...{ poolMax: 1, log: options.log },
    })
    await migrateUp(database).finally(() => database.close())
  })
  const operating = await operatorPorts(config)
  const environment = {
    ...{ ...environmentOf(config), ...parts, PENSTOCK_PORT: String(address.port) },
    PENSTOCK_METRICS_TARGETS: operating.map(port => hostAndPort(config.metrics.host, port)).join(','),
  }
  await timed(`${roleNames.length} roles run in ${processes.length} processes`, () =>
    Promise.all(
      children.map((child, i) => {
        const own = { ...environment, PENSTOCK_METRICS_PORT: String(operating[i]) }
        return supervisor.start(roleProcess({ ...child, environment: own }))
      }),
    ),
  )
  return address.url
}

type Timed = <T>(what: string, work: () => Promise<T>) => Promise<T>

/** The addresses of the parts: those that were given, and those of the embedded ones that it starts for the others. */
const startParts = async ({ config, say }: UpOptions, supervisor: Supervisor, timed: Timed) => {
  const { cacheDir, kafka, registry, database } = config
  const common = { cacheDir, progress: say }
  const [brokers, registryUrl, databaseUrl] = await Promise.all([
    kafka.brokers?.join(',') ??
      timed('Kafka is up', async () => {
        const dataDir = folderIn(config, 'kafka')
        return (await supervisor.start(kafkaChild({ ...common, dataDir, port: kafka.port }))).brokers.join(',')
      }),
    registry.url ??
      timed('the schema registry is up', async () => {
        const dataDir = folderIn(config, 'registry')
        return (await supervisor.start(registryChild({ ...common, dataDir, port: registry.port }))).url
      }),
    database.url ??
      timed('the database is up', async () => {
        const dataDir = folderIn(config, 'database')
        return (await supervisor.start(databaseChild({ dataDir, port: database.port }))).url
      }),
  ])
  return { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registryUrl, DATABASE_URL: databaseUrl }
}

/** Where the API will listen: known beforehand, so that it is the same after a restart of its process. */
const apiAddress = async (config: Config): Promise<{ readonly port: number; readonly url: string }> => {
  const { host } = config.api
  const port = await choosePort(join(folderIn(config, 'run'), 'api-port'), config.api.port, 'PENSTOCK_PORT')
  return { port, url: `http://${hostAndPort(host, port)}` }
}

/** Where each of the processes serves its metrics, the same after a restart: the port that is set and those after it, or free ones. */
const operatorPorts = async (config: Config): Promise<readonly number[]> => {
  const ports: number[] = []
  for (const i of processes.keys()) {
    const given = config.metrics.port === 0 ? 0 : config.metrics.port + i
    ports.push(await choosePort(join(folderIn(config, 'run'), `metrics-port-${i}`), given, 'PENSTOCK_METRICS_PORT'))
  }
  return ports
}

/** As a client on this machine reaches it. */
const hostAndPort = (host: string, port: number): string => {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

const folderIn = (config: Config, name: string): string => {
  const path = join(config.dataDir, name)
  mkdirSync(path, { recursive: true })
  return path
}
