import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../src/config/mistakes.ts'
import { type ConfigInput, describeConfig, environmentOf, loadConfig } from '../src/config.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'

let cwd: string
let remove: () => void
beforeEach(() => {
  ;({ folder: cwd, remove } = temporaryFolder('config'))
})
afterEach(() => remove())

const home = { HOME: '/home/someone' }
const load = (input: ConfigInput = {}) => loadConfig({ env: home, cwd, ...input })
const write = (name: string, text: string) => {
  const file = join(cwd, name)
  writeFileSync(file, text)
  return file
}
const mistakesOf = (input: ConfigInput): readonly string[] => {
  try {
    load(input)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

test('runs without any setting', () => {
  expect(load()).toEqual({
    dataDir: join(cwd, '.penstock'),
    cacheDir: '/home/someone/.cache/penstock',
    api: { host: '127.0.0.1', port: 7400, url: 'http://127.0.0.1:7400', key: null },
    access: { requireKeys: false, adminKey: null, allowedHosts: [], allowedOrigins: [], rateLimit: 6_000 },
    kafka: {
      ...{ brokers: null, port: 0, sessionTimeoutMs: 10_000, allowOffsetExpiry: false, allowPlainPassword: false },
      ...{ tls: false, saslMechanism: null, saslUsername: null, saslPassword: null },
    },
    registry: { url: null, port: 0, username: null, password: null },
    database: { url: null, port: 0, password: null, tls: null },
    openai: { baseUrl: 'https://api.openai.com/v1', apiKey: null },
    embedding: { concurrency: 4, batch: 128, timeoutMs: 60_000 },
    metrics: { host: '127.0.0.1', port: 0, targets: [] },
    jobs: { lanes: 16, parallelism: 2, concurrency: 4, queueDepth: 100, deleteGuard: 20 },
    stages: { slicesAtOnce: 4 },
    sources: {
      ...{ fileRoots: [cwd], maxFileBytes: 64 * 1024 * 1024, maxStreamedBytes: 16 * 1024 ** 3 },
      maxUploadBytes: 1024 ** 3,
      uploadReserveBytes: 1024 ** 3,
      youtubeUrl: 'https://www.youtube.com',
    },
    fetch: {
      ...{ allow: [], maxBytes: 16 * 1024 * 1024, timeoutMs: 30_000, idleMs: 10_000 },
      ...{ rate: 5, concurrency: 4, contact: null },
    },
    upstream: { partitions: 4, parkedEvents: 100_000, parkedMb: 256 },
    parsers: { processes: 4, timeoutMs: 20_000, memoryMb: 512 },
    retry: {},
    traces: {
      endpoint: null,
      tracesEndpoint: null,
      protocol: 'http/protobuf',
      disabled: false,
      serviceName: 'penstock',
      sampler: 'parentbased_traceidratio',
      ratio: 1,
      slowMs: 10_000,
      jaegerUrl: null,
    },
    log: { level: 'info', format: 'auto' },
  })
})

test('takes every setting from the environment, but those that name files of TLS, of passwords and of keys', () => {
  const env = {
    PENSTOCK_DATA_DIR: '/data',
    PENSTOCK_CACHE_DIR: 'cache',
    PENSTOCK_HOST: '0.0.0.0',
    PENSTOCK_PORT: '8080',
    PENSTOCK_URL: 'https://penstock.example.org',
    PENSTOCK_API_KEY: 'pk_0123456789ab_key',
    PENSTOCK_REQUIRE_KEYS: 'true',
    PENSTOCK_ADMIN_KEY: 'a-secret-of-more-than-32-characters',
    PENSTOCK_ALLOWED_HOSTS: 'api, penstock.example.org',
    PENSTOCK_ALLOWED_ORIGINS: 'https://console.example.org',
    PENSTOCK_RATE_LIMIT: '60',
    KAFKA_BROKERS: 'one:9092, two:9093',
    PENSTOCK_KAFKA_TLS: 'true',
    PENSTOCK_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    PENSTOCK_KAFKA_SASL_USERNAME: 'line',
    PENSTOCK_KAFKA_SASL_PASSWORD: 'kafka-word',
    PENSTOCK_KAFKA_PORT: '9092',
    PENSTOCK_SESSION_TIMEOUT_MS: '10000',
    KAFKA_REPLICATION_FACTOR: '2',
    PENSTOCK_ALLOW_OFFSET_EXPIRY: 'true',
    PENSTOCK_ALLOW_PLAIN_PASSWORD: 'true',
    SCHEMA_REGISTRY_URL: 'https://registry.example.org',
    PENSTOCK_REGISTRY_USERNAME: 'line',
    PENSTOCK_REGISTRY_PASSWORD: 'registry-word',
    PENSTOCK_REGISTRY_PORT: '8081',
    DATABASE_URL: 'postgres://user@database/penstock',
    PENSTOCK_DATABASE_PASSWORD: 'database-word',
    PENSTOCK_DATABASE_TLS: 'require',
    PENSTOCK_DATABASE_PORT: '5432',
    OPENAI_BASE_URL: 'http://127.0.0.1:8090/v1',
    OPENAI_API_KEY: 'sk-test',
    PENSTOCK_EMBEDDING_CONCURRENCY: '8',
    PENSTOCK_EMBEDDING_BATCH: '64',
    PENSTOCK_EMBEDDING_TIMEOUT_MS: '5000',
    PENSTOCK_EMBEDDING_PRICE: '0.02',
    PENSTOCK_METRICS_HOST: '0.0.0.0',
    PENSTOCK_METRICS_PORT: '9464',
    PENSTOCK_METRICS_TARGETS: 'one:9464, [::1]:9465',
    PENSTOCK_LANES: '32',
    PENSTOCK_PARALLELISM: '3',
    PENSTOCK_CONCURRENCY: '5',
    PENSTOCK_QUEUE_DEPTH: '7',
    PENSTOCK_DELETE_GUARD: '35',
    PENSTOCK_SLICES_AT_ONCE: '2',
    PENSTOCK_FILE_ROOTS: `docs${delimiter}/srv/docs`,
    PENSTOCK_MAX_FILE_BYTES: '1000',
    PENSTOCK_MAX_STREAMED_BYTES: '2000',
    PENSTOCK_YOUTUBE_URL: 'https://youtube.example.org',
    PENSTOCK_UPLOAD_DIR: 'sent',
    PENSTOCK_MAX_UPLOAD_BYTES: '2000',
    PENSTOCK_UPLOAD_RESERVE_BYTES: '2000',
    PENSTOCK_UPLOAD_QUOTA_BYTES: '2000',
    PENSTOCK_FETCH_ALLOW: 'intranet, 10.0.0.0/8:8080, [fd00::]/8, 127.0.0.1:3000',
    PENSTOCK_FETCH_MAX_BYTES: '2000',
    PENSTOCK_FETCH_TIMEOUT_MS: '2000',
    PENSTOCK_FETCH_IDLE_MS: '1000',
    PENSTOCK_FETCH_RATE: '0.5',
    PENSTOCK_FETCH_CONCURRENCY: '1',
    PENSTOCK_FETCH_CONTACT: 'https://example.org/bot',
    PENSTOCK_UPSTREAM_PARTITIONS: '6',
    PENSTOCK_PARKED_EVENTS: '10',
    PENSTOCK_PARKED_MB: '2',
    PENSTOCK_PARSER_PROCESSES: '3',
    PENSTOCK_PARSER_TIMEOUT_MS: '5000',
    PENSTOCK_PARSER_MEMORY_MB: '256',
    INGESTION_RETRY_MAX_ATTEMPTS: '9',
    INGESTION_RETRY_BACKOFF_FACTOR: '1.5',
    INGESTION_RETRY_MAX_DELAY: '2000',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/traces',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_SDK_DISABLED: 'true',
    OTEL_SERVICE_NAME: 'line',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    PENSTOCK_TRACES_SLOW_MS: '500',
    PENSTOCK_JAEGER_URL: 'http://jaeger:16686',
    PENSTOCK_LOG_LEVEL: 'debug',
    PENSTOCK_LOG_FORMAT: 'json',
  }
  const config = load({ env })
  expect(config).toEqual({
    dataDir: '/data',
    cacheDir: join(cwd, 'cache'),
    api: { host: '0.0.0.0', port: 8080, url: 'https://penstock.example.org', key: 'pk_0123456789ab_key' },
    access: {
      requireKeys: true,
      adminKey: 'a-secret-of-more-than-32-characters',
      allowedHosts: ['api', 'penstock.example.org'],
      allowedOrigins: ['https://console.example.org'],
      rateLimit: 60,
    },
    kafka: {
      brokers: ['one:9092', 'two:9093'],
      ...{ tls: true, saslMechanism: 'scram-sha-512', saslUsername: 'line', saslPassword: 'kafka-word' },
      port: 9092,
      sessionTimeoutMs: 10_000,
      replicationFactor: 2,
      allowOffsetExpiry: true,
      allowPlainPassword: true,
    },
    registry: { url: 'https://registry.example.org', username: 'line', password: 'registry-word', port: 8081 },
    database: { url: 'postgres://user@database/penstock', password: 'database-word', tls: 'require', port: 5432 },
    openai: { baseUrl: 'http://127.0.0.1:8090/v1', apiKey: 'sk-test' },
    embedding: { concurrency: 8, batch: 64, timeoutMs: 5000, price: 0.02 },
    metrics: { host: '0.0.0.0', port: 9464, targets: ['one:9464', '[::1]:9465'] },
    jobs: { lanes: 32, parallelism: 3, concurrency: 5, queueDepth: 7, deleteGuard: 35 },
    stages: { slicesAtOnce: 2 },
    sources: {
      fileRoots: [join(cwd, 'docs'), '/srv/docs'],
      maxFileBytes: 1000,
      maxStreamedBytes: 2000,
      youtubeUrl: 'https://youtube.example.org',
      uploadDir: join(cwd, 'sent'),
      maxUploadBytes: 2000,
      uploadReserveBytes: 2000,
      uploadQuotaBytes: 2000,
    },
    fetch: {
      allow: ['intranet', '10.0.0.0/8:8080', '[fd00::]/8', '127.0.0.1:3000'],
      ...{ maxBytes: 2000, timeoutMs: 2000, idleMs: 1000, rate: 0.5, concurrency: 1 },
      contact: 'https://example.org/bot',
    },
    upstream: { partitions: 6, parkedEvents: 10, parkedMb: 2 },
    parsers: { processes: 3, timeoutMs: 5000, memoryMb: 256 },
    retry: { maxAttempts: 9, backoffFactor: 1.5, maxDelayMs: 2000 },
    traces: {
      endpoint: 'http://collector:4318',
      tracesEndpoint: 'http://collector:4318/traces',
      protocol: 'http/json',
      disabled: true,
      serviceName: 'line',
      sampler: 'traceidratio',
      ratio: 0.25,
      slowMs: 500,
      jaegerUrl: 'http://jaeger:16686',
    },
    log: { level: 'debug', format: 'json' },
  })
  expect(load({ env: environmentOf(config, {}) })).toEqual(config)
})

describe('layers', () => {
  test('go defaults, file, environment, flags, the later the stronger', () => {
    write('penstock.yaml', 'api:\n  port: 1001\n  host: localhost\njobs:\n  lanes: 8\n')
    const env = { ...home, PENSTOCK_PORT: '1002', PENSTOCK_LANES: '9' }
    const config = load({ env, flags: { port: '1003', json: true } })
    expect([config.api.port, config.jobs.lanes, config.api.host]).toEqual([1003, 9, 'localhost'])
    const from = Object.fromEntries(
      describeConfig({ env, cwd, flags: { port: '1003' } }).map(one => [one.key, one.from]),
    )
    expect(from).toMatchObject({
      'api.port': 'flag',
      'jobs.lanes': 'environment',
      'api.host': join(cwd, 'penstock.yaml'),
      'log.level': 'default',
    })
  })

  test('a variable or a flag that is not given, or empty, leaves what is below', () => {
    write('penstock.yaml', 'api:\n  port: 1001\nlog:\n')
    expect(load({ env: { ...home, PENSTOCK_PORT: '' }, flags: { port: undefined } }).api.port).toBe(1001)
  })

  test('a flag is named as its variable is, without the prefix', () => {
    const flags = { dataDir: 'd', kafkaBrokers: 'k:1', ingestionRetryMaxAttempts: 2, openaiBaseUrl: 'http://o/v1' }
    expect(load({ flags })).toMatchObject({
      dataDir: join(cwd, 'd'),
      kafka: { brokers: ['k:1'] },
      retry: { maxAttempts: 2 },
      openai: { baseUrl: 'http://o/v1' },
    })
  })

  test('another file can be given, with paths relative to it, and must then be there', () => {
    const folder = join(cwd, 'other')
    mkdirSync(folder)
    writeFileSync(
      join(folder, 'some.yaml'),
      'data_dir: data\nsources:\n  file_roots: [a, /b]\nkafka:\n  brokers: [x:1, y:2]\n',
    )
    const config = load({ configFile: join(folder, 'some.yaml') })
    expect(config.dataDir).toBe(join(folder, 'data'))
    expect(config.sources.fileRoots).toEqual([join(folder, 'a'), '/b'])
    expect(config.kafka.brokers).toEqual(['x:1', 'y:2'])
    expect(mistakesOf({ configFile: 'none.yaml' })).toEqual([
      `The configuration file ${join(cwd, 'none.yaml')} is not there.`,
    ])
  })
})

describe('derived settings', () => {
  test('the cache follows XDG_CACHE_HOME', () => {
    expect(load({ env: { ...home, XDG_CACHE_HOME: '/xdg' } }).cacheDir).toBe('/xdg/penstock')
  })

  test.each([
    ['0.0.0.0', 'http://127.0.0.1:7400'],
    ['::', 'http://[::1]:7400'],
    ['box.local', 'http://box.local:7400'],
  ])('an API on %s is found at %s, unless another address is given', (host, url) => {
    expect(load({ flags: { host } }).api.url).toBe(url)
    expect(load({ flags: { host, url: 'http://proxy' } }).api.url).toBe('http://proxy')
  })
})

test('is frozen all the way down', () => {
  const config = load()
  expect(() => Object.assign(config, { dataDir: 'x' })).toThrow(TypeError)
  expect(() => Object.assign(config.api, { port: 1 })).toThrow(TypeError)
  expect(() => Object.assign(config.sources.fileRoots, ['x'])).toThrow(TypeError)
})

describe('mistakes', () => {
  test('are reported all at once, each with its name, where it came from and what it must be', () => {
    const file = write('penstock.yaml', 'api:\n  prot: 1\nlog:\n  level: loud\nkafka: yes\njobs:\n  lanes: 2.5\n')
    const env = { ...home, PENSTOCK_PROT: '1', KAFKA_BROKERS: 'box', OPENAI_BASE_URL: 'ftp://x', UNRELATED: 'x' }
    expect(() => load({ env, flags: { port: '70000' } })).toThrow(
      new ConfigError([
        `api.prot in ${file} is not a setting. Did you mean api.port?`,
        `kafka in ${file} must be a mapping of settings.`,
        'PENSTOCK_PROT in the environment is not a setting. Did you mean PENSTOCK_PORT?',
        '--port on the command line is "70000": it must be a whole number from 0 to 65535.',
        'KAFKA_BROKERS in the environment is "box": it must be host:port, several with commas between them.',
        'OPENAI_BASE_URL in the environment is "ftp://x": it must be a URL that starts with http:// or https://, without a password in it.',
        `jobs.lanes in ${file} is 2.5: it must be a whole number from 1 to 1024.`,
        `log.level in ${file} is "loud": it must be one of trace, debug, info, warn, error, fatal, silent.`,
      ]),
    )
  })

  test('read as one message', () => {
    expect(() => load({ flags: { port: 'x', lanes: '0' } })).toThrow(
      'The configuration has 2 mistakes:\n' +
        '  - --port on the command line is "x": it must be a whole number from 0 to 65535.\n' +
        '  - --lanes on the command line is "0": it must be a whole number from 1 to 1024.',
    )
    expect(() => load({ flags: { port: 'x' } })).toThrow('The configuration has 1 mistake:\n')
  })

  test.each([
    ['PENSTOCK_PORT', '-1', 'a whole number from 0 to 65535'],
    ['PENSTOCK_PORT', '1e3', 'a whole number from 0 to 65535'],
    ['PENSTOCK_ALLOW_OFFSET_EXPIRY', 'maybe', 'true or false'],
    ['KAFKA_REPLICATION_FACTOR', '0', 'a whole number from 1 to 32'],
    ['PENSTOCK_FILE_ROOTS', delimiter, `paths, with ${delimiter} between them`],
    ['PENSTOCK_HOST', 'a b', 'a host name or address'],
    ['DATABASE_URL', 'mysql://x/y', 'a URL that starts with postgres:// or postgresql://'],
    ['SCHEMA_REGISTRY_URL', 'registry:8081', 'a URL that starts with http:// or https://'],
    ['KAFKA_BROKERS', 'one:9092,', 'host:port, several with commas between them'],
    ['INGESTION_RETRY_BACKOFF_FACTOR', '0.5', 'a number from 1 to 100'],
    ['PENSTOCK_SESSION_TIMEOUT_MS', '10', 'a whole number from 6000 to 300000'],
    ['PENSTOCK_LOG_FORMAT', 'xml', 'one of auto, json, pretty'],
  ])('%s=%s must be %s', (name, value, must) => {
    expect(mistakesOf({ env: { ...home, [name]: value } })).toEqual([
      `${name} in the environment is ${JSON.stringify(value)}: it must be ${must}.`,
    ])
  })

  test('name both settings where two do not fit together', () => {
    const env = { ...home, PENSTOCK_LANES: '4' }
    expect(mistakesOf({ env, flags: { parallelism: '5' } })).toEqual([
      '--parallelism on the command line is 5: it must be at most 4, the number of lanes (PENSTOCK_LANES in the environment).',
    ])
  })

  test('suggest nothing for a name that is like no other', () => {
    expect(mistakesOf({ env: { ...home, PENSTOCK_SOMETHING_ELSE_ENTIRELY: '1' } })).toEqual([
      'PENSTOCK_SOMETHING_ELSE_ENTIRELY in the environment is not a setting. `penstock config` lists all of them.',
    ])
  })

  test('show no password, also not of a value that is wrong', () => {
    const env = { ...home, DATABASE_URL: 'mysql://user:hunter2@x/y', OPENAI_BASE_URL: 'http://user:hunter2@x' }
    const mistakes = mistakesOf({ env })
    expect(mistakes).toHaveLength(2)
    expect(mistakes.join()).not.toContain('hunter2')
  })

  test('say where a file is not YAML', () => {
    write('penstock.yaml', 'api: [1\nport: 2')
    expect(mistakesOf({})[0]).toMatch(/^.*penstock\.yaml is not YAML: .*line 2/s)
  })

  test('say that a file is no mapping', () => {
    const file = write('penstock.yaml', '- 1')
    expect(mistakesOf({})).toEqual([`${file} must be a mapping of settings.`])
  })
})
