import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type Config, environmentOf } from './config.ts'
import { openDatabase } from './database.ts'
import { migrateUp } from './migrate.ts'
import { roleProcess } from './role-process.ts'
import { type Role, roleNames } from './roles.ts'
import { type FolderLock, lockFolder } from './supervisor/folder-lock.ts'
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
  /** Told what is being done, for people. */
  say(line: string): void
}

/** Two processes, so that both cores of a small machine work: what reads and cuts, and what computes and stores. */
const processes: readonly (readonly Role[])[] = [
  ['api', 'coordinator', 'loading', 'chunking'],
  ['embedding', 'indexing', 'finishing'],
]

/** Starts the embedded parts that no address replaces, brings the database up to date, then runs every role. */
export const up = async ({ config, log, say }: UpOptions): Promise<RunningUp> => {
  const lock = lockFolder(config.dataDir)
  const supervisor = new Supervisor({ log })
  const stop = async () => {
    await supervisor.stop()
    lock.release()
  }
  try {
    const url = await start(config, supervisor, lock, log, say)
    return { url, failed: supervisor.failed, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const start = async (
  config: Config,
  supervisor: Supervisor,
  lock: FolderLock,
  log: Logger,
  say: UpOptions['say'],
): Promise<string> => {
  const folder = (name: string) => {
    const path = join(config.dataDir, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now()
    const result = await work()
    say(`${what} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
    return result
  }
  const { cacheDir } = config

  const [brokers, registryUrl, databaseUrl] = await Promise.all([
    config.kafka.brokers?.join(',') ??
      timed(
        'Kafka is up',
        async () =>
          (await supervisor.start(kafkaChild({ dataDir: folder('kafka'), cacheDir, port: config.kafka.port, say })))
            .brokers,
      ),
    config.registry.url ??
      timed(
        'the schema registry is up',
        async () =>
          (
            await supervisor.start(
              registryChild({ dataDir: folder('registry'), cacheDir, port: config.registry.port, say }),
            )
          ).url,
      ),
    config.database.url ??
      timed(
        'the database is up',
        async () => (await supervisor.start(databaseChild(config, folder('database'), log))).url,
      ),
  ])
  await timed('the database is up to date', async () => {
    const database = await openDatabase({ url: databaseUrl, poolMax: 1, log })
    await migrateUp(database).finally(() => database.close())
  })

  const environment = {
    ...environmentOf(config),
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: registryUrl,
    DATABASE_URL: databaseUrl,
  }
  const started = await timed(`${roleNames.length} roles run`, () =>
    Promise.all(
      processes.map(roles =>
        supervisor.start(
          roleProcess({
            roles,
            environment,
            logFile: join(folder('log'), `${roles[0]}.log`),
            pidFile: join(folder('run'), `${roles[0]}.pid`),
          }),
        ),
      ),
    ),
  )
  const url = started.map(one => one.url).find(one => one !== null)
  if (!url) throw new Error('No process said where the API listens.')
  lock.announce(url)
  return url
}
