/** The embedded broker: Apache Kafka as one process that is broker and controller, on loopback, with a data folder. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { choosePort } from '../supervisor/ports.ts'
import type { Child } from '../supervisor/running.ts'
import { onSamePort } from '../supervisor/same-port.ts'
import type { RunningProcess } from '../supervisor/spawn-child.ts'
import { parts } from './embedded-part.ts'
import { type ServerSettings, serverProperties } from './embedded-properties.ts'
import { resolveJars } from './jars.ts'
import { endFormer, findJava, type Java, quickly, startJava } from './java.ts'
import { answers } from './probe.ts'

export interface EmbeddedOptions {
  /** The part's own folder, made when missing; one process at a time may use it. */
  readonly dataDir: string
  /** Where downloaded programs are kept for all data folders. */
  readonly cacheDir: string
  /** 0 or none: the port used with this folder before if it is free, else any. */
  readonly port?: number | undefined
  /** Told what is being downloaded, as it goes on. */
  readonly progress?: ((line: string) => void) | undefined
  /** Gives up a start that is not over yet. */
  readonly signal?: AbortSignal | undefined
}

export interface EmbeddedKafkaOptions extends EmbeddedOptions {
  /** Settings of Kafka beside ours and instead of them. */
  readonly settings?: ServerSettings['more']
  /** That of the cluster whose node it is to be, as Kafka writes it; one of its own unless stated. */
  readonly clusterId?: string
}

export interface EmbeddedKafka extends RunningProcess {
  readonly brokers: readonly string[]
  readonly port: number
}

/**
 * Starts Kafka and returns when it serves groups and transactions. The folder is formatted at its first start; a folder
 * whose Kafka was killed is recovered. Throws EmbeddedPartError where the machine lacks something, else an error with
 * the end of its log.
 */
export const startKafka = async ({
  dataDir,
  cacheDir,
  port,
  progress,
  signal,
  settings: more,
  clusterId = randomClusterId(),
}: EmbeddedKafkaOptions): Promise<EmbeddedKafka> => {
  const part = parts.kafka
  const java = await findJava(part)
  const jars = await resolveJars('kafka', { cacheDir, progress, signal })
  mkdirSync(dataDir, { recursive: true })
  await endFormer(dataDir)
  const clients = await choosePort(join(dataDir, 'port'), port, part.portSetting)
  const controller = await choosePort(join(dataDir, 'controller-port'))
  const classPath = readdirSync(jars)
    .sort()
    .map(jar => join(jars, jar))
    .join(':')
  const logs = join(dataDir, 'logs')
  const settings = (logs: string) => {
    const file = join(dataDir, 'server.properties')
    writeFileSync(file, serverProperties({ port: clients, controllerPort: controller, logs, more }))
    return file
  }
  if (!existsSync(logs)) await format(java, [...quickly(jars, java), '-cp', classPath], clusterId, logs, settings)

  const process = await startJava({
    part,
    dataDir,
    jars,
    java,
    heap: { first: 256, most: 512 },
    args: [
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
      '-cp',
      classPath,
      'kafka.Kafka',
      settings(logs),
    ],
    ready: signal => answers(clients, signal),
    signal,
  })
  return { ...process, brokers: [`127.0.0.1:${clients}`], port: clients }
}

/** Kafka for a supervisor. */
export const kafkaChild = (options: Omit<EmbeddedKafkaOptions, 'signal'>): Child<EmbeddedKafka> =>
  onSamePort(parts.kafka.name, options.port, (port, signal) => startKafka({ ...options, port, signal }))

/** Gives the logs their cluster id. They are made aside and renamed, so that a folder is never half formatted. */
const format = async (
  java: Java,
  options: readonly string[],
  clusterId: string,
  logs: string,
  settings: (logs: string) => string,
) => {
  const making = `${logs}.new`
  rmSync(making, { recursive: true, force: true })
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settings(making)]
  await promisify(execFile)(java.command, [...options, ...tool])
  renameSync(making, logs)
}

/** 128 random bits as Kafka writes them; its tools would take one that begins with a dash for an option. */
export const randomClusterId = (): string => {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? randomClusterId() : id
}
