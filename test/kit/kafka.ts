import { tmpdir } from 'node:os'
import { loadConfig } from '../../src/config.ts'
import { startKafka } from '../../src/kafka/embedded.ts'
import { startRegistry } from '../../src/kafka/registry-embedded.ts'
import { sharedService } from './shared-service.ts'
import { removeOrphans, serviceFolder } from './temporary-folder.ts'

/** Where downloaded programs are, for tests and users alike. */
export const cacheDir = loadConfig({ cwd: tmpdir() }).cacheDir

/** Apache Kafka for this test run, started by the first test that asks. Topics and groups need names of their own. */
export const kafkaBrokers = async (): Promise<readonly string[]> =>
  (await sharedService<{ brokers: string[] }>('kafka')).brokers

/** The schema registry for this test run, started by the first test that asks. Subjects need names of their own. */
export const registryUrl = async (): Promise<string> => (await sharedService<{ url: string }>('registry')).url

/** A Kafka with a data folder of its own that goes with it, unless it is given one. */
export const startTestKafka = async (
  settings: Readonly<Record<string, string | number>> = {},
  port = 0,
  dataDir?: string,
) => {
  await removeOrphans('kafka')
  const { folder, remove } = serviceFolder('kafka')
  const start = () => startKafka({ dataDir: dataDir ?? folder, cacheDir, progress: say, settings, port })
  let kafka = await start()
  return {
    brokers: kafka.brokers,
    get pid() {
      return kafka.pid
    },
    /** Resolves when the process that runs now has ended, with how. */
    get outcome() {
      return kafka.outcome
    },
    /** Ends it as kill -9 does, and resolves when it is gone. */
    async kill(): Promise<void> {
      process.kill(kafka.pid, 'SIGKILL')
      await kafka.ended
    },
    /** Starts one that has ended, with its data and on its port. */
    async revive(): Promise<void> {
      kafka = await start()
    },
    stop: () => kafka.stop().then(remove),
  }
}

/** A schema registry with a data folder of its own that goes with it. */
export const startTestRegistry = async () => {
  await removeOrphans('registry')
  const { folder, remove } = serviceFolder('registry')
  const start = (port = 0) => startRegistry({ dataDir: folder, cacheDir, progress: say, port })
  let registry = await start()
  return {
    url: registry.url,
    /** Ends it as kill -9 does, and resolves when it is gone. */
    async kill(): Promise<void> {
      process.kill(registry.pid, 'SIGKILL')
      await registry.ended
    },
    /** Starts one that has ended, with its data and on its port. */
    async revive(): Promise<void> {
      registry = await start(registry.port)
    },
    stop: () => registry.stop().then(remove),
  }
}

const say = (line: string) => console.log(line)
