import { expect, test } from 'vitest'
import { changeLevel, createLogger, type LogConfig } from '../../src/telemetry/log.ts'

const config: LogConfig = {
  log: { level: 'info', format: 'json' },
  api: { key: null },
  access: { adminKey: null },
  openai: { apiKey: 'my-own-key' },
  kafka: { saslPassword: 'kafka-word' },
  database: { url: 'postgres://user:hun%24ter@database/penstock', password: 'database-word' },
  registry: { url: null, password: 'registry-word' },
}
const open = (changes: Partial<LogConfig['log']> = {}) => {
  const lines: string[] = []
  const log = createLogger({ ...config, log: { ...config.log, ...changes } }, { write: line => void lines.push(line) })
  return { log, lines }
}

test('writes one JSON object a line with time, level, message and the fields of the line', () => {
  const { log, lines } = open()
  log.child({ kb_id: 'docs', job_id: 'j1', stage: 'embedding', lane: 3 }).warn('slow')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    pid: process.pid,
    kb_id: 'docs',
    job_id: 'j1',
    stage: 'embedding',
    lane: 3,
    msg: 'slow',
  })
})

test('leaves out what is less severe than asked for', () => {
  const { log, lines } = open({ level: 'error' })
  log.warn('a warning')
  log.error('an error')
  expect(lines.map(line => JSON.parse(line).msg)).toEqual(['an error'])
})

test('shows an error with its code and all its causes, and none of its other fields', () => {
  const { log, lines } = open()
  const root = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
  const error = Object.assign(new Error('it failed', { cause: new Error('inner', { cause: root }) }), {
    request: 'large',
  })
  log.error({ err: error }, 'slice failed')
  const { err } = JSON.parse(lines[0]!)
  expect(err).toMatchObject({ message: 'it failed', cause: { message: 'inner', cause: { code: 'ECONNREFUSED' } } })
  expect(lines[0]).not.toContain('large')
})

test('shows the errors of an aggregate', () => {
  const { log, lines } = open()
  log.error({ err: new AggregateError([new Error('one'), new Error('two')], 'both') }, 'x')
  expect(JSON.parse(lines[0]!).err.errors).toMatchObject([{ message: 'one' }, { message: 'two' }])
})

test.each(['json', 'pretty'] as const)('hides secrets wherever they stand (%s)', format => {
  const { log, lines } = open({ format })
  const cause = new Error('connect to postgres://user:hun%24ter@database/penstock failed with password hun$ter')
  log
    .child({ api_key: 'another-key' })
    .error(
      { err: new Error('refused my-own-key', { cause }), request: { headers: { Authorization: 'Bearer abc.def' } } },
      'GET https://x/?api_key=zzz-key with Authorization: Bearer abc.def and sk-abcdefghijk, kafka-word, database-word, registry-word',
    )
  const output = lines.join('')
  expect(output).toContain('refused [hidden]')
  expect(output).not.toMatch(/my-own-key|another-key|hun%24ter|hun\$ter|abc\.def|zzz-key|sk-abc|-word/)
})

test('stays valid JSON when it hides something', () => {
  const { log, lines } = open()
  log.info({ headers: { 'set-cookie': ['a=1', 'b="2"'], authorization: 'a"b' } }, 'x')
  expect(JSON.parse(lines[0]!).headers).toEqual({ 'set-cookie': '[hidden]', authorization: '[hidden]' })
})

test('is pretty when asked to be', () => {
  const { log, lines } = open({ format: 'pretty' })
  log.info({ stage: 'embedding' }, 'started')
  expect(lines.join('')).toMatch(/INFO.*: started\n {4}stage: "embedding"/)
})

test('a level that is changed holds for loggers that were made before', () => {
  const { log, lines } = open()
  const child = log.child({ stage: 'loading' }).child({ lane: 1 })
  child.debug('not yet')
  changeLevel(log, 'debug')
  child.debug('seen')
  changeLevel(log, 'error')
  child.warn('no more')
  expect(lines.map(line => JSON.parse(line).msg)).toEqual(['seen'])
})
