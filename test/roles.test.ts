import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createClient } from '../src/api/client.ts'
import { loadConfig } from '../src/config.ts'
import { openDatabase } from '../src/database.ts'
import { migrateUp } from '../src/migrate.ts'
import { isRole, roleNames, startRoles } from '../src/roles.ts'
import { kafkaBrokers, registryUrl } from './kit/kafka.ts'
import { silent } from './kit/log.ts'
import { testDatabase } from './kit/postgres.ts'
import { until } from './kit/until.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
beforeEach(async () => {
  database = await testDatabase()
})
afterEach(() => database.drop())

const config = async () =>
  loadConfig({
    env: {
      KAFKA_BROKERS: (await kafkaBrokers()).join(','),
      SCHEMA_REGISTRY_URL: await registryUrl(),
      DATABASE_URL: database.url,
      PENSTOCK_PORT: '0',
    },
  })

const migrated = async () => {
  const opened = await openDatabase({ url: database.url, poolMax: 1, log: silent })
  await migrateUp(opened).finally(() => opened.close())
}

/** Well below the time after which an idle connection is closed anyway. */
const soonMs = 3000

/** Whether nobody but this question is connected. */
const isLeft = async () => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const { rows } = await client
    .query('select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
    .finally(() => client.end())
  return rows.length === 0
}

test('a role is known by its name', () => {
  expect(roleNames.every(isRole)).toBe(true)
  expect(isRole('cooking')).toBe(false)
})

test('a database that lacks migrations is refused with what to do, and every connection is closed', async () => {
  const starting = startRoles(['coordinator', 'api'], await config(), silent)
  await expect(starting).rejects.toThrow(
    /^The database lacks Migration0001_knowledge, .*Run `penstock migrate` first\.$/,
  )
  await until('all connections are closed', isLeft, soonMs)
})

test('an address that nothing answers at fails the start with that address, and closes what was opened', async () => {
  await migrated()
  const { kafka, ...rest } = await config()
  const starting = startRoles(
    ['coordinator', 'api'],
    { ...rest, kafka: { ...kafka, brokers: ['127.0.0.1:9'] } },
    silent,
  )
  await expect(starting).rejects.toThrow('127.0.0.1:9')
  await until('all connections are closed', isLeft, soonMs)
})

test('a role says where it answers, works, and leaves nothing open when it is stopped, twice', async () => {
  await migrated()
  const running = await startRoles(['api'], await config(), silent)
  const client = createClient(running.url!)
  expect(await client.readiness({})).toMatchObject({
    status: 'ready',
    dependencies: [{ ready: true }, { ready: true }],
  })
  expect(await client.knowledgeBases({ query: {} })).toEqual({ knowledge_bases: [], next: null })

  await Promise.all([running.stop(), running.stop()])
  await expect(client.health({})).rejects.toMatchObject({ code: 'unreachable' })
  await until('all connections are closed', isLeft, soonMs)
})
