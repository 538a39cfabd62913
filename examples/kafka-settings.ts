/** Where Kafka is and how it is spoken to, by the variables that Penstock itself takes (docs/SECURITY.md). */
import { readFileSync } from 'node:fs'
import { type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs'

const set = (name: string): string | undefined => process.env[name] || undefined
const read = (name: string): string | undefined => {
  const file = set(name)
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

const tls = ['true', '1'].includes(set('PENSTOCK_KAFKA_TLS') ?? '')
const mechanism = set('PENSTOCK_KAFKA_SASL_MECHANISM')
const password = set('PENSTOCK_KAFKA_SASL_PASSWORD') ?? read('PENSTOCK_KAFKA_SASL_PASSWORD_FILE')?.replace(/\r?\n$/, '')

const files = {
  ca: read('PENSTOCK_KAFKA_TLS_CA_FILE'),
  cert: read('PENSTOCK_KAFKA_TLS_CERT_FILE'),
  key: read('PENSTOCK_KAFKA_TLS_KEY_FILE'),
}

export const kafkaSettings: KafkaConfig = {
  brokers: (set('KAFKA_BROKERS') ?? '127.0.0.1:9092').split(','),
  logLevel: logLevel.ERROR,
  ...(tls && { ssl: Object.fromEntries(Object.entries(files).filter(([, pem]) => pem !== undefined)) }),
  ...(mechanism && { sasl: { mechanism, username: set('PENSTOCK_KAFKA_SASL_USERNAME'), password } as SASLOptions }),
}
