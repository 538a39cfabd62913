import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveJars } from '../../src/kafka/jars.ts'
import { type Certificate, makeAuthority } from '../kit/certificates.ts'
import { cacheDir } from '../kit/kafka.ts'
import { pythonWith } from '../kit/python.ts'
import { type SecureKafka, startSecureKafka } from '../kit/secure-kafka.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const run = promisify(execFile)
const example = (name: string) => resolve(import.meta.dirname, '../../examples', name)
const { folder, remove } = temporaryFolder('secure-examples')
const schema = readFileSync(resolve(import.meta.dirname, '../schemas/committed/penstock.UpstreamDocument.avsc'), 'utf8')
const registry = createServer((_, response) => response.end(JSON.stringify({ id: 1, schema })))

let kafka: SecureKafka
let tls: Readonly<Record<string, string>>
let own: Certificate
beforeAll(async () => {
  const authority = await makeAuthority(folder)
  own = await authority.issue('own')
  kafka = await startSecureKafka(authority, 'word')
  tls = { PENSTOCK_KAFKA_TLS: 'true', PENSTOCK_KAFKA_TLS_CA_FILE: authority.caFile }
  const admin = new Kafka({ brokers: [kafka.plain], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'upstream.documents', numPartitions: 1 }], waitForLeaders: true })
  await admin.disconnect()
  await new Promise<void>(listening => registry.listen(0, '127.0.0.1', listening))
})
afterAll(async () => {
  registry.close()
  await kafka?.stop()
  remove()
})

const commands = {
  TypeScript: async () => [process.execPath, example('03-upstream.ts')],
  Python: async () => {
    const venv = await pythonWith(['confluent-kafka==2.16.1', 'fastavro==1.13.1'], 'The example in Python')
    return [join(venv, 'bin', 'python'), example('03-upstream.py')]
  },
  Java: async () => {
    const jars = await resolveJars('kafka', { cacheDir, progress: () => undefined })
    return ['java', '-cp', join(jars, '*'), example('03-Upstream.java')]
  },
} as const

describe.each(Object.entries(commands))('the example in %s', (_, command) => {
  const publish = async (env: Readonly<Record<string, string>>) => {
    const [program, ...args] = await command()
    const { port } = registry.address() as AddressInfo
    const { stdout } = await run(program!, [...args, 'tickets', 'ticket:1', 'The valve leaks.'], {
      env: { ...process.env, SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}`, ...tls, ...env },
      timeout: 60_000,
    })
    return JSON.parse(stdout) as { offset: number }
  }

  test.each(['plain', 'scram-sha-512'])('shows a name and a password by %s, within TLS', async mechanism => {
    const file = join(folder, 'word')
    writeFileSync(file, 'word\n')
    const sasl = {
      PENSTOCK_KAFKA_SASL_MECHANISM: mechanism,
      PENSTOCK_KAFKA_SASL_USERNAME: 'alice',
      PENSTOCK_KAFKA_SASL_PASSWORD_FILE: file,
    }
    expect((await publish({ KAFKA_BROKERS: kafka.secure, ...sasl })).offset).toBeGreaterThanOrEqual(0)
  })

  test('shows a certificate of its own', async () => {
    const files = { PENSTOCK_KAFKA_TLS_CERT_FILE: own.certFile, PENSTOCK_KAFKA_TLS_KEY_FILE: own.keyFile }
    expect((await publish({ KAFKA_BROKERS: kafka.mutual, ...files })).offset).toBeGreaterThanOrEqual(0)
  })
})
