import { delimiter } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeConfig } from '../../src/config.ts'

const cwd = '/'
const home = { HOME: '/home/someone' }

describe('what `penstock config` shows', () => {
  test('is every setting with its value as a variable holds it, where it came from and what it means', () => {
    const env = { ...home, PENSTOCK_FILE_ROOTS: `/a${delimiter}/b`, KAFKA_BROKERS: 'x:1,y:2' }
    const shown = describeConfig({ env, cwd })
    expect(shown).toHaveLength(92)
    expect(shown).toContainEqual({
      key: 'api.port',
      env: 'PENSTOCK_PORT',
      value: '7400',
      from: 'default',
      doc: 'The port the API listens on; 0 takes a free one.',
    })
    const values = Object.fromEntries(shown.map(one => [one.key, one.value]))
    expect(values).toMatchObject({
      'sources.file_roots': `/a${delimiter}/b`,
      'kafka.brokers': 'x:1,y:2',
      'database.url': null,
      'retry.max_attempts': null,
      'api.url': 'http://127.0.0.1:7400',
    })
    for (const one of shown) expect(one.doc).toMatch(/\.$/)
  })

  test('hides secrets', () => {
    const env = {
      ...home,
      OPENAI_API_KEY: 'my-own-key',
      DATABASE_URL: 'postgres://user:hunter2@database/penstock',
      SCHEMA_REGISTRY_URL: 'https://user:hunter2@registry',
    }
    const shown = describeConfig({ env, cwd })
    expect(JSON.stringify(shown)).not.toMatch(/hunter2|my-own-key/)
    const values = Object.fromEntries(shown.map(one => [one.key, one.value]))
    expect(values['openai.api_key']).toBe('[hidden]')
    expect(values['database.url']).toBe('postgres://user:[hidden]@database/penstock')
  })
})
