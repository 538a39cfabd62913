import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { Config } from './config.ts'
import type { OpenDatabaseOptions } from './database.ts'
import type { KafkaOptions } from './kafka/kafkajs.ts'
import type { CodecOptions } from './schemas/registry.ts'

/**
 * How the settings have Kafka, the registry and the database spoken to. Whatever opens one of them takes it from here. The
 * files are read at each call, so a process has those of its start. Nothing of it is set for embedded parts.
 */
export const kafkaSecurity = ({ kafka }: Pick<Config, 'kafka'>): Pick<KafkaOptions, 'ssl' | 'sasl'> => {
  const { tls, saslMechanism: mechanism, saslUsername: username, saslPassword: password } = kafka
  return {
    ...(tls && { ssl: pemOf(kafka) }),
    ...(mechanism !== null && username !== null && password !== null && { sasl: { mechanism, username, password } }),
  }
}

/** The registry at this address, which is that of the settings or of the embedded one. */
export const registryConnection = (
  url: string,
  { registry }: Pick<Config, 'registry'>,
): Pick<CodecOptions, 'url' | 'agent'> => ({
  url: withCredentials(url, registry.username, registry.password),
  ...(registry.tlsCaFile !== undefined && { agent: new Agent({ ...pemOf(registry) }) }),
})

/** The database at this address, likewise. */
export const databaseConnection = (
  url: string,
  { database }: Pick<Config, 'database'>,
): Pick<OpenDatabaseOptions, 'url' | 'tls'> => ({
  url: withCredentials(url, null, database.password),
  ...(database.tls !== null && { tls: { ...pemOf(database), rejectUnauthorized: database.tls === 'verify-full' } }),
})

const withCredentials = (url: string, username: string | null, password: string | null): string => {
  if (password === null) return url
  const address = new URL(url)
  if (username !== null) address.username = encodeURIComponent(username)
  address.password = encodeURIComponent(password)
  return address.href
}

interface PemFiles {
  readonly tlsCaFile?: string | undefined
  readonly tlsCertFile?: string | undefined
  readonly tlsKeyFile?: string | undefined
}

const pemOf = ({ tlsCaFile, tlsCertFile, tlsKeyFile }: PemFiles) => ({
  ...(tlsCaFile !== undefined && { ca: readFileSync(tlsCaFile, 'utf8') }),
  ...(tlsCertFile !== undefined && { cert: readFileSync(tlsCertFile, 'utf8') }),
  ...(tlsKeyFile !== undefined && { key: readFileSync(tlsKeyFile, 'utf8') }),
})
