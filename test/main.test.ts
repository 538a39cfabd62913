import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, ended } from './cli/run.ts'
import { main } from './kit/penstock.ts'
import { testDatabase } from './kit/postgres.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'

const { folder, remove } = temporaryFolder('main')
afterAll(remove)

const penstock = (args: readonly string[], settings: NodeJS.ProcessEnv = {}): Promise<Ended> => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL, ...rest } = process.env
  const env = { ...rest, PENSTOCK_DATA_DIR: folder, PENSTOCK_LOG_LEVEL: 'silent', ...settings }
  return ended(spawn(process.execPath, [main, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

describe('penstock migrate', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database?.drop())

  const migrate = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await penstock(['migrate', ...args, '--json'], { DATABASE_URL: database.url })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { changed, migrations } = JSON.parse(stdout) as {
      changed: string[]
      migrations: { name: string; state: string }[]
    }
    const state = ({ state }: { state: string }) => state.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'AT')
    return { changed, states: Object.fromEntries(migrations.map(one => [one.name, state(one)])) }
  }
  const first = 'Migration0001_knowledge'

  test('shows, applies and takes back migrations, and says which', { timeout: 60_000 }, async () => {
    const empty = await migrate('status')
    const names = Object.keys(empty.states)
    expect(names.length).toBeGreaterThan(1)
    expect(names[0]).toBe(first)
    const all = (state: string) => Object.fromEntries(names.map(name => [name, state]))
    expect(empty).toEqual({ changed: [], states: all('pending') })

    expect(await migrate()).toEqual({ changed: names, states: all('applied AT') })
    expect(await migrate('up')).toEqual({ changed: [], states: all('applied AT') })
    expect(await migrate('down', '--to', first)).toEqual({
      changed: names.slice(1).reverse(),
      states: { ...all('pending'), [first]: 'applied AT' },
    })
    expect(await migrate('down', '--to', '0')).toEqual({ changed: [first], states: all('pending') })
    expect(await migrate('status')).toEqual(empty)
  })

  test('prints a table for people', async () => {
    const { code, stdout } = await penstock(['migrate', 'status'], { DATABASE_URL: database.url })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^MIGRATION +STATE\nMigration0001_knowledge +pending\n/)
  })

  test('a direction that is none is refused, with those there are', async () => {
    const { code, stderr } = await penstock(['migrate', 'sideways'], { DATABASE_URL: database.url })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: There is no direction sideways. The directions are up, down and status.\n',
    })
  })

  test('without a database it says what to set, and who migrates the embedded one', async () => {
    const { code, stderr } = await penstock(['migrate'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: Set DATABASE_URL .*`penstock up`\.\n$/)
  })

  test('a database out of reach is one sentence that says so', async () => {
    const { code, stderr } = await penstock(['migrate'], { DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none' })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .*127\.0\.0\.1:9.*\n$/)
  })
})

describe('penstock run', () => {
  test('a role that is none is refused by name, with those there are', async () => {
    const { code, stderr } = await penstock(['run', 'chunking', 'cooking', 'baking'])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'error: There is no role cooking, baking. The roles are intake, loading, chunking, embedding, indexing, tabulating, finishing, coordinator, api.\n',
    })
  })

  test.each([
    ['coordinator', {}, 'DATABASE_URL'],
    ['embedding', {}, 'KAFKA_BROKERS'],
  ])('%s without an address says which to set', async (role, settings, variable) => {
    const { code, stderr } = await penstock(['run', role], settings)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: Set ${variable}: a role that runs by itself starts no embedded parts. \`penstock up\` does.\n`,
    })
  })

  test('what a role ends of is a line of its log, where that is for machines', async () => {
    const settings = { PENSTOCK_LOG_LEVEL: 'info', PENSTOCK_LOG_FORMAT: 'json' }
    const { code, stderr } = await penstock(['run', 'embedding'], settings)
    expect({ code, line: JSON.parse(stderr.trim().split('\n').at(-1)!) }).toMatchObject({
      code: 1,
      line: {
        ...{ level: 'fatal', operation: 'run' },
        msg: 'the process ends: Set KAFKA_BROKERS: a role that runs by itself starts no embedded parts. `penstock up` does.',
      },
    })
  })

  test('without a role it shows how it is used', async () => {
    const { code, stderr } = await penstock(['run'])
    expect(code).toBe(2)
    expect(stderr).toContain("error: missing required argument 'role'")
  })
})

test('up without Java says what to install, or what to set instead', async () => {
  const { code, stderr } = await penstock(['up'], { PATH: '/nonexistent', PENSTOCK_PORT: '0' })
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^error: Embedded Kafka needs Java 17 or later, and there is none on the path\. .* KAFKA_BROKERS .*\n$/,
  )
})

test('up without Maven, with nothing downloaded yet, says what to install, or what to set instead', async () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(execFileSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).trim(), join(bin, 'java'))
  const settings = { PATH: bin, PENSTOCK_PORT: '0', PENSTOCK_CACHE_DIR: join(folder, 'cache') }
  const { code, stderr } = await penstock(['up'], settings)
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^error: Embedded (Kafka|schema registry) is downloaded by Maven, and there is no `mvn` on the path\. .*, or set (KAFKA_BROKERS|SCHEMA_REGISTRY_URL) .*\.\n$/,
  )
})

test('a verb that needs a running Penstock says how to get one when the data folder knows none', async () => {
  const { code, stderr } = await penstock(['status'], { PENSTOCK_PORT: '0' })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'error: PENSTOCK_PORT is 0 and no running `penstock up` was found in the data folder. Start one, or set PENSTOCK_URL.\n',
  })
})
