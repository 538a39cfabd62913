import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { databaseConnection, kafkaSecurity, registryConnection } from '../src/connections.ts'
import { openCodec, RegistryError } from '../src/schemas/registry.ts'
import { topics } from '../src/schemas/topics.ts'
import { type Authority, type Certificate, makeAuthority, pemTexts } from './kit/certificates.ts'
import { registryUrl } from './kit/kafka.ts'
import { openRegistryDoor } from './kit/registry-door.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'

const password = 'a word: of/the@registry'
const { folder: cwd, remove } = temporaryFolder('connections')
let authority: Authority
let stranger: Authority
let own: Certificate
let door: Awaited<ReturnType<typeof openRegistryDoor>>
beforeAll(async () => {
  authority = await makeAuthority(cwd)
  stranger = await makeAuthority(cwd, 'stranger')
  own = await authority.issue('own')
  door = await openRegistryDoor(await registryUrl(), own, { username: 'line', password })
})
afterAll(async () => {
  await door?.close()
  remove()
})
const configOf = (env: Readonly<Record<string, string>>) => loadConfig({ env: { HOME: '/home/someone', ...env }, cwd })

test('nothing is set for parts that are embedded, or that want nothing', () => {
  const config = configOf({})
  expect(kafkaSecurity(config)).toEqual({})
  expect(registryConnection('http://127.0.0.1:1', config)).toEqual({ url: 'http://127.0.0.1:1' })
  expect(databaseConnection('postgres://a:b@127.0.0.1/p', config)).toEqual({ url: 'postgres://a:b@127.0.0.1/p' })
})

test('Kafka has its authority, certificate, name and password', () => {
  const config = configOf({
    KAFKA_BROKERS: 'kafka:9093',
    PENSTOCK_KAFKA_TLS: 'true',
    PENSTOCK_KAFKA_TLS_CA_FILE: authority.caFile,
    PENSTOCK_KAFKA_TLS_CERT_FILE: own.certFile,
    PENSTOCK_KAFKA_TLS_KEY_FILE: own.keyFile,
    PENSTOCK_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    PENSTOCK_KAFKA_SASL_USERNAME: 'line',
    PENSTOCK_KAFKA_SASL_PASSWORD: 'a-word',
  })
  expect(kafkaSecurity(config)).toEqual({
    ssl: { ca: readFileSync(authority.caFile, 'utf8'), ...pemTexts(own) },
    sasl: { mechanism: 'scram-sha-512', username: 'line', password: 'a-word' },
  })
})

test('the database has its password in the URL, and its certificate checked unless told otherwise', () => {
  const env = { DATABASE_URL: 'postgres://line@db/p', PENSTOCK_DATABASE_PASSWORD: 'a/b:c@d%20 e' }
  const of = (more: Readonly<Record<string, string>>) =>
    databaseConnection(env.DATABASE_URL, configOf({ ...env, ...more }))
  expect(decodeURIComponent(new URL(of({}).url).password)).toBe('a/b:c@d%20 e')
  expect(of({}).tls).toBeUndefined()
  expect(of({ PENSTOCK_DATABASE_TLS: 'require' }).tls).toEqual({ rejectUnauthorized: false })
  const verified = of({ PENSTOCK_DATABASE_TLS: 'verify-full', PENSTOCK_DATABASE_TLS_CA_FILE: authority.caFile })
  expect(verified.tls).toEqual({ ca: readFileSync(authority.caFile, 'utf8'), rejectUnauthorized: true })
})

describe('a registry behind TLS and a password', () => {
  const open = (env: Readonly<Record<string, string>>) => {
    const config = configOf({ SCHEMA_REGISTRY_URL: door.url, PENSTOCK_REGISTRY_USERNAME: 'line', ...env })
    return openCodec({ ...registryConnection(door.url, config), topics, patienceMs: 60_000 })
  }
  const refusal = (env: Readonly<Record<string, string>>): Promise<RegistryError> =>
    open(env).then(
      () => {
        throw new Error('It was let in.')
      },
      (error: RegistryError) => error,
    )

  test('is used for every schema', async () => {
    const codec = await open({
      PENSTOCK_REGISTRY_PASSWORD: password,
      PENSTOCK_REGISTRY_TLS_CA_FILE: authority.caFile,
    })
    expect(codec).toBeDefined()
    expect(door.refused()).toBe(0)
  })

  test('refuses a wrong password, and is not asked again', async () => {
    const error = await refusal({
      PENSTOCK_REGISTRY_PASSWORD: 'another-word',
      PENSTOCK_REGISTRY_TLS_CA_FILE: authority.caFile,
    })
    expect(error).toBeInstanceOf(RegistryError)
    expect(error.code).toBe('authentication_failed')
    expect(error.message).toContain('PENSTOCK_REGISTRY_PASSWORD')
    expect(door.refused()).toBeLessThanOrEqual(topics.reduce((sum, { records }) => sum + records.length, 0))
  })

  test('is not trusted without its authority', async () => {
    const error = await refusal({
      PENSTOCK_REGISTRY_PASSWORD: password,
      PENSTOCK_REGISTRY_TLS_CA_FILE: stranger.caFile,
    })
    expect(error.code).toBe('untrusted_certificate')
    expect(error.message).toContain('PENSTOCK_REGISTRY_TLS_CA_FILE')
  })
})
