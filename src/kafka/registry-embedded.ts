/** The embedded schema registry: Apicurio behind its Confluent-compatible API, on loopback, with a data folder. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { choosePort } from '../supervisor/ports.ts'
import type { Child } from '../supervisor/running.ts'
import { onSamePort } from '../supervisor/same-port.ts'
import type { RunningProcess } from '../supervisor/spawn-child.ts'
import type { EmbeddedOptions } from './embedded.ts'
import { parts } from './embedded-part.ts'
import { resolveJars } from './jars.ts'
import { endFormer, findJava, startJava } from './java.ts'
import { patiently } from './probe.ts'

export interface EmbeddedRegistry extends RunningProcess {
  /** The root of the Confluent API. */
  readonly url: string
  readonly port: number
}

/** Starts the registry and returns when it answers. Throws like `startKafka`. */
export const startRegistry = async (options: EmbeddedOptions): Promise<EmbeddedRegistry> => {
  const { dataDir, cacheDir, progress, signal } = options
  const part = parts.registry
  const java = await findJava(part)
  const jars = await resolveJars('registry', { cacheDir, progress, signal })
  mkdirSync(dataDir, { recursive: true })
  await endFormer(dataDir)
  const port = await choosePort(join(dataDir, 'port'), options.port, part.portSetting)
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  const settings = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': port,
    'quarkus.log.level': 'WARN',
    'quarkus.log.category."io.apicurio".level': 'WARN',
    'quarkus.banner.enabled': false,
    // Without the delay of zero a schema whose id is already in use is lost when the process is killed.
    REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(dataDir, 'schemas')};WRITE_DELAY=0`,
  }
  const process = await startJava({
    part,
    dataDir,
    jars,
    java,
    heap: { first: 48, most: 192 },
    args: [
      ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
      '-jar',
      join(jars, runnerOf(jars)),
    ],
    ready: signal => patiently(() => answers(`${url}/subjects`, signal), signal),
    signal,
  })
  return { ...process, url, port }
}

/** The registry for a supervisor. */
export const registryChild = (options: Omit<EmbeddedOptions, 'signal'>): Child<EmbeddedRegistry> =>
  onSamePort(parts.registry.name, options.port, (port, signal) => startRegistry({ ...options, port, signal }))

const answers = async (url: string, signal: AbortSignal): Promise<void> => {
  const answer = await fetch(url, { signal })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
}

const runnerOf = (jars: string): string => {
  const runner = readdirSync(jars).find(file => file.endsWith('-runner.jar'))
  if (!runner) throw new Error(`${jars} holds no registry. Remove that folder, and it is downloaded again.`)
  return runner
}
