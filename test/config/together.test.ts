import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/mistakes.ts'
import { loadConfig } from '../../src/config.ts'

const mistakesOf = (env: Readonly<Record<string, string>>): readonly string[] => {
  try {
    loadConfig({ env: { HOME: '/home/someone', ...env }, cwd: '/nowhere' })
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}
const parts = {
  KAFKA_BROKERS: 'kafka:9093',
  SCHEMA_REGISTRY_URL: 'https://registry',
  DATABASE_URL: 'postgres://line@db/penstock',
}

test('settings that fit together are no mistake', () => {
  const whole = {
    ...parts,
    PENSTOCK_KAFKA_TLS: 'true',
    PENSTOCK_KAFKA_SASL_MECHANISM: 'plain',
    PENSTOCK_KAFKA_SASL_USERNAME: 'line',
    PENSTOCK_KAFKA_SASL_PASSWORD: 'a-word',
    PENSTOCK_REGISTRY_USERNAME: 'line',
    PENSTOCK_REGISTRY_PASSWORD: 'a-word',
    PENSTOCK_DATABASE_PASSWORD: 'a-word',
    PENSTOCK_DATABASE_TLS: 'verify-full',
  }
  expect(mistakesOf(whole)).toEqual([])
})

describe('a setting that lacks another', () => {
  test.each([
    ['PENSTOCK_KAFKA_SASL_MECHANISM', '"plain"', 'PENSTOCK_KAFKA_SASL_USERNAME'],
    ['PENSTOCK_KAFKA_SASL_MECHANISM', '"plain"', 'PENSTOCK_KAFKA_SASL_PASSWORD or PENSTOCK_KAFKA_SASL_PASSWORD_FILE'],
  ])('%s wants %s beside it: %s', (name, shown, wanted) => {
    expect(mistakesOf({ ...parts, [name]: JSON.parse(shown) })).toContain(
      `${name} in the environment is ${shown}: it must stand beside ${wanted}.`,
    )
  })

  test.each([
    ['PENSTOCK_KAFKA_SASL_USERNAME', 'line', 'PENSTOCK_KAFKA_SASL_MECHANISM'],
    ['PENSTOCK_REGISTRY_USERNAME', 'line', 'PENSTOCK_REGISTRY_PASSWORD or PENSTOCK_REGISTRY_PASSWORD_FILE'],
  ])('%s=%s wants %s', (name, value, wanted) => {
    expect(mistakesOf({ ...parts, [name]: value })).toEqual([
      `${name} in the environment is ${JSON.stringify(value)}: it must stand beside ${wanted}.`,
    ])
  })

  test('a password is told without its value', () => {
    const mistakes = mistakesOf({ PENSTOCK_KAFKA_SASL_PASSWORD: 'hunter2', PENSTOCK_REGISTRY_PASSWORD: 'hunter2' })
    expect(mistakes).toEqual([
      'PENSTOCK_KAFKA_SASL_PASSWORD in the environment is set: it must stand beside PENSTOCK_KAFKA_SASL_MECHANISM.',
      'PENSTOCK_REGISTRY_PASSWORD in the environment is set: it must stand beside PENSTOCK_REGISTRY_USERNAME.',
    ])
  })

  test('the embedded parts take none of it', () => {
    const mistakes = mistakesOf({ PENSTOCK_KAFKA_TLS: 'true', PENSTOCK_DATABASE_TLS: 'require' })
    expect(mistakes).toEqual([
      'PENSTOCK_KAFKA_TLS in the environment is true: it must stand beside KAFKA_BROKERS, as the embedded Kafka is spoken to as it is, on loopback.',
      'PENSTOCK_DATABASE_TLS in the environment is "require": it must stand beside DATABASE_URL, as the embedded database is spoken to as it is, on loopback.',
    ])
  })
})

test.each([
  ['SCHEMA_REGISTRY_URL', 'https://a:b@registry', 'PENSTOCK_REGISTRY_USERNAME', 'a name in SCHEMA_REGISTRY_URL'],
  ['DATABASE_URL', 'postgres://a:b@db/p', 'PENSTOCK_DATABASE_PASSWORD', 'a password in DATABASE_URL'],
  [
    'DATABASE_URL',
    'postgres://a@db/p?sslmode=require',
    'PENSTOCK_DATABASE_TLS',
    'sslmode and the like in DATABASE_URL',
  ],
])('what %s=%s says, %s may not say as well', (url, value, name, words) => {
  const given = { PENSTOCK_REGISTRY_PASSWORD: 'a-word', PENSTOCK_REGISTRY_USERNAME: 'line' }
  const env = { ...parts, ...(name.includes('REGISTRY') ? given : { [name]: 'require' }), [url]: value }
  const mistakes = mistakesOf(env)
  expect(mistakes).toHaveLength(1)
  expect(mistakes[0]).toMatch(new RegExp(`^${name} in the environment is .*: it must not stand beside ${words}\\.$`))
})

describe('a password that plain would send as it is', () => {
  const plain = {
    PENSTOCK_KAFKA_SASL_MECHANISM: 'plain',
    PENSTOCK_KAFKA_SASL_USERNAME: 'line',
    PENSTOCK_KAFKA_SASL_PASSWORD: 'a-word',
  }

  test.each(['kafka:9092', '127.0.0.1:9092,10.0.0.1:9092', '127.0.0.1.example.org:9092'])(
    'is refused for %s, and told what to do',
    brokers => {
      expect(mistakesOf({ ...parts, ...plain, KAFKA_BROKERS: brokers })).toEqual([
        expect.stringMatching(
          /^PENSTOCK_KAFKA_SASL_MECHANISM .* must stand beside PENSTOCK_KAFKA_TLS=true, .* PENSTOCK_ALLOW_PLAIN_PASSWORD=true/,
        ),
      ])
    },
  )

  test('may go to this machine, through TLS, where it is allowed, and by a mechanism that does not send it', () => {
    const fine: readonly Readonly<Record<string, string>>[] = [
      { KAFKA_BROKERS: '127.0.0.1:9092,localhost:9093,[::1]:9094' },
      { PENSTOCK_KAFKA_TLS: 'true' },
      { PENSTOCK_ALLOW_PLAIN_PASSWORD: 'true' },
      { PENSTOCK_KAFKA_SASL_MECHANISM: 'scram-sha-256' },
    ]
    for (const change of fine) expect(mistakesOf({ ...parts, ...plain, ...change })).toEqual([])
  })
})
