import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/mistakes.ts'
import { describeConfig, environmentOf, loadConfig } from '../../src/config.ts'
import { type Certificate, makeAuthority } from '../kit/certificates.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const { folder: cwd, remove } = temporaryFolder('named-files')
let ca: string
let own: Certificate
let other: Certificate
beforeAll(async () => {
  const authority = await makeAuthority(cwd)
  ca = authority.caFile
  own = await authority.issue('own')
  other = await authority.issue('other')
})
afterAll(() => remove())

const parts = {
  HOME: '/home/someone',
  KAFKA_BROKERS: 'kafka:9093',
  SCHEMA_REGISTRY_URL: 'https://registry',
  DATABASE_URL: 'postgres://line@db/penstock',
}
const sasl = { PENSTOCK_KAFKA_SASL_MECHANISM: 'scram-sha-512', PENSTOCK_KAFKA_SASL_USERNAME: 'line' }
const written = (name: string, text: string): string => {
  const file = join(cwd, name)
  writeFileSync(file, text)
  return file
}
const load = (env: Readonly<Record<string, string>>) => loadConfig({ env: { ...parts, ...env }, cwd })
const mistakesOf = (env: Readonly<Record<string, string>>): readonly string[] => {
  try {
    load(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

test('files of TLS are looked at, and relative ones found', () => {
  const { kafka, registry, database } = load({
    PENSTOCK_KAFKA_TLS: 'true',
    PENSTOCK_KAFKA_TLS_CA_FILE: 'authority.pem',
    PENSTOCK_KAFKA_TLS_CERT_FILE: own.certFile,
    PENSTOCK_KAFKA_TLS_KEY_FILE: own.keyFile,
    PENSTOCK_REGISTRY_TLS_CA_FILE: ca,
    PENSTOCK_DATABASE_TLS: 'verify-full',
    PENSTOCK_DATABASE_TLS_CA_FILE: ca,
    PENSTOCK_DATABASE_TLS_CERT_FILE: own.certFile,
    PENSTOCK_DATABASE_TLS_KEY_FILE: own.keyFile,
  })
  expect(kafka).toMatchObject({ tlsCaFile: ca, tlsCertFile: own.certFile, tlsKeyFile: own.keyFile })
  expect(registry.tlsCaFile).toBe(ca)
  expect(database).toMatchObject({ tlsCaFile: ca, tlsCertFile: own.certFile, tlsKeyFile: own.keyFile })
})

describe('a password in a file', () => {
  test('is the password, without the end of its line, also for a child process', () => {
    const file = written('word', 'from-a-file\n')
    const env = {
      ...sasl,
      PENSTOCK_KAFKA_SASL_PASSWORD_FILE: file,
      PENSTOCK_REGISTRY_USERNAME: 'line',
      PENSTOCK_REGISTRY_PASSWORD_FILE: file,
      PENSTOCK_DATABASE_PASSWORD_FILE: file,
    }
    const config = load(env)
    const words = [config.kafka.saslPassword, config.registry.password, config.database.password]
    expect(words).toEqual(['from-a-file', 'from-a-file', 'from-a-file'])
    const child = environmentOf(config, {})
    expect(Object.values(child)).not.toContain('from-a-file')
    expect(loadConfig({ env: child, cwd })).toEqual(config)
  })

  test('is shown as coming from there, hidden', () => {
    const file = written('word', 'from-a-file')
    const shown = describeConfig({ env: { ...parts, ...sasl, PENSTOCK_KAFKA_SASL_PASSWORD_FILE: file }, cwd })
    expect(shown.find(one => one.env === 'PENSTOCK_KAFKA_SASL_PASSWORD')).toMatchObject({
      value: '[hidden]',
      from: file,
    })
    expect(JSON.stringify(shown)).not.toContain('from-a-file')
  })

  test('may not be empty, nor given twice', () => {
    const file = written('nothing', '\n')
    expect(mistakesOf({ PENSTOCK_DATABASE_PASSWORD_FILE: file })).toEqual([
      `PENSTOCK_DATABASE_PASSWORD_FILE in the environment is "${file}": it must be a file with a password in it.`,
    ])
    expect(mistakesOf({ PENSTOCK_DATABASE_PASSWORD_FILE: file, PENSTOCK_DATABASE_PASSWORD: 'x' })).toEqual([
      `PENSTOCK_DATABASE_PASSWORD_FILE in the environment is "${file}": it must not stand beside PENSTOCK_DATABASE_PASSWORD.`,
    ])
  })
})

describe('a key in a file', () => {
  const adminKey = 'a'.repeat(32)

  test('is the key, also for a child process, and is never shown', () => {
    const env = {
      PENSTOCK_ADMIN_KEY_FILE: written('admin', `${adminKey}\n`),
      PENSTOCK_API_KEY_FILE: written('api', 'key-of-the-api\r\n'),
      OPENAI_API_KEY_FILE: written('provider', 'key-of-the-provider'),
    }
    const config = load(env)
    expect([config.access.adminKey, config.api.key, config.openai.apiKey]).toEqual([
      ...[adminKey, 'key-of-the-api', 'key-of-the-provider'],
    ])
    const child = environmentOf(config, {})
    expect(JSON.stringify(child)).not.toMatch(/key-of-the|aaaa/)
    expect(loadConfig({ env: child, cwd })).toEqual(config)
    expect(JSON.stringify(describeConfig({ env, cwd }))).not.toMatch(/key-of-the|aaaa/)
  })

  test('may not be given twice, and must be what it has to be', () => {
    const [file, nothing] = [written('short', 'too-short'), written('nothing', '')]
    const env = { PENSTOCK_ADMIN_KEY_FILE: file, PENSTOCK_API_KEY_FILE: file, PENSTOCK_API_KEY: 'x' }
    expect(mistakesOf({ ...env, OPENAI_API_KEY_FILE: nothing })).toEqual([
      `PENSTOCK_API_KEY_FILE in the environment is "${file}": it must not stand beside PENSTOCK_API_KEY.`,
      `PENSTOCK_ADMIN_KEY_FILE in the environment is "${file}": it must be a file with a key in it, which must be a text of 32 to 512 characters without spaces.`,
      `OPENAI_API_KEY_FILE in the environment is "${nothing}": it must be a file with a key in it.`,
    ])
  })
})

test('every file that will not do is told at once, with what it must be', () => {
  const [text, none] = [written('text', 'some text'), join(cwd, 'none')]
  const mistakes = mistakesOf({
    ...sasl,
    PENSTOCK_KAFKA_SASL_PASSWORD: 'a-word',
    PENSTOCK_KAFKA_TLS: 'true',
    PENSTOCK_KAFKA_TLS_CA_FILE: none,
    PENSTOCK_KAFKA_TLS_CERT_FILE: own.certFile,
    PENSTOCK_KAFKA_TLS_KEY_FILE: other.keyFile,
    PENSTOCK_REGISTRY_TLS_CA_FILE: text,
    DATABASE_URL: `postgres://line:word@db/penstock?sslmode=verify-full&sslrootcert=${none}`,
  })
  const at = (name: string) => `${name} in the environment is`
  expect([...mistakes].sort()).toEqual(
    [
      `${at('PENSTOCK_KAFKA_TLS_CA_FILE')} "${none}": it must be a file that can be read (ENOENT).`,
      `${at('PENSTOCK_KAFKA_TLS_KEY_FILE')} "${other.keyFile}": it must be the key of PENSTOCK_KAFKA_TLS_CERT_FILE.`,
      `${at('PENSTOCK_REGISTRY_TLS_CA_FILE')} "${text}": it must be a PEM file with a certificate.`,
      `${at('DATABASE_URL')} set: it must name a file in sslrootcert that can be read (ENOENT).`,
    ].sort(),
  )
})

test('a certificate comes with its key, a key with its certificate', () => {
  const env = { PENSTOCK_KAFKA_TLS: 'true', PENSTOCK_DATABASE_TLS: 'require' }
  expect(mistakesOf({ ...env, PENSTOCK_KAFKA_TLS_CERT_FILE: own.certFile })).toEqual([
    `PENSTOCK_KAFKA_TLS_CERT_FILE in the environment is "${own.certFile}": it must stand beside PENSTOCK_KAFKA_TLS_KEY_FILE.`,
  ])
  expect(mistakesOf({ ...env, PENSTOCK_DATABASE_TLS_KEY_FILE: own.keyFile })).toEqual([
    `PENSTOCK_DATABASE_TLS_KEY_FILE in the environment is "${own.keyFile}": it must stand beside PENSTOCK_DATABASE_TLS_CERT_FILE.`,
  ])
})
