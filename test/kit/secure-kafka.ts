import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startKafka } from '../../src/kafka/embedded.ts'
import { resolveJars } from '../../src/kafka/jars.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import type { Authority } from './certificates.ts'
import { cacheDir } from './kafka.ts'
import { removeOrphans, serviceFolder } from './temporary-folder.ts'

export interface SecureKafka {
  /** Speaks TLS and wants a name and a password: PLAIN or SCRAM. */
  readonly secure: string
  /** Speaks TLS and wants a certificate of the authority. */
  readonly mutual: string
  /** Neither, as the tests of everything else have it. */
  readonly plain: string
  /** As kill -9 does, to start it again on its ports with another password for PLAIN. */
  restartWith(password: string): Promise<void>
  stop(): Promise<void>
}

const modules = 'org.apache.kafka.common.security'

/** A Kafka with listeners that speak TLS. `alice` has this password by PLAIN and, from the start on, by SCRAM. */
export const startSecureKafka = async (authority: Authority, password: string): Promise<SecureKafka> => {
  await removeOrphans('kafka')
  const { folder, remove } = serviceFolder('kafka')
  const { certFile, keyFile } = await authority.issue('kafka', 'IP:127.0.0.1')
  const [plain, secure, mutual, controller] = [await freePort(), await freePort(), await freePort(), await freePort()]
  writeFileSync(join(folder, 'controller-port'), String(controller))
  const keys = join(folder, 'kafka.pem')
  writeFileSync(keys, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'))
  const address = (name: string, port: number) => `${name}://127.0.0.1:${port}`
  const clients = [address('CLIENTS', plain), address('SECURE', secure), address('MUTUAL', mutual)].join(',')
  const scram = `${modules}.scram.ScramLoginModule required;`
  const start = (password: string) =>
    startKafka({
      dataDir: folder,
      cacheDir,
      port: plain,
      progress: line => console.log(line),
      settings: {
        listeners: `${clients},${address('CONTROLLER', controller)}`,
        'advertised.listeners': clients,
        'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keys,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': authority.caFile,
        'listener.name.mutual.ssl.client.auth': 'required',
        'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.secure.plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_alice="${password}";`,
        'listener.name.secure.scram-sha-256.sasl.jaas.config': scram,
        'listener.name.secure.scram-sha-512.sasl.jaas.config': scram,
      },
    })
  let kafka = await start(password)
  const stop = () => kafka.stop().then(remove)
  try {
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'])
      await addScram(`127.0.0.1:${plain}`, mechanism, password)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    secure: `127.0.0.1:${secure}`,
    mutual: `127.0.0.1:${mutual}`,
    plain: `127.0.0.1:${plain}`,
    async restartWith(password) {
      process.kill(kafka.pid, 'SIGKILL')
      await kafka.ended
      kafka = await start(password)
    },
    stop,
  }
}

/** By Kafka's own tool: KafkaJS has no request for it. */
const addScram = async (broker: string, mechanism: string, password: string): Promise<void> => {
  const jars = await resolveJars('kafka', { cacheDir })
  await promisify(execFile)('java', [
    ...['-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), 'kafka.admin.ConfigCommand', '--bootstrap-server', broker],
    ...['--alter', '--entity-type', 'users', '--entity-name', 'alice'],
    ...['--add-config', `${mechanism}=[password=${password}]`],
  ])
}
