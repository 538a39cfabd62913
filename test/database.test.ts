import { afterEach, expect, test } from 'vitest'
import { openDatabase } from '../src/database.ts'
import { databases, type TestDatabase } from './kit/databases.ts'
import { silent } from './kit/log.ts'

const [embedded, real] = databases.map(([, open]) => open) as [() => Promise<TestDatabase>, () => Promise<TestDatabase>]
let opened: TestDatabase | null = null
afterEach(async () => {
  await opened?.close()
  opened = null
})

test('a database says by itself whether it is the embedded one', async () => {
  opened = await embedded()
  expect(opened.database.embedded).toBe(true)
  await opened.close()
  opened = await real()
  expect(opened.database.embedded).toBe(false)
})

test('on a server, no connection waits for ever: not for a lock, on a statement, or asleep in a transaction', async () => {
  opened = await real()
  const { rows } = await opened.database.pool.query(
    `select name, setting::int from pg_settings
     where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout') order by name`,
  )
  expect(rows).toEqual([
    { name: 'idle_in_transaction_session_timeout', setting: 5_000 },
    { name: 'lock_timeout', setting: 10_000 },
    { name: 'statement_timeout', setting: 60_000 },
  ])
})

test('a database that is not there is an error at once, not a pool that waits', async () => {
  const url = 'postgresql://postgres@127.0.0.1:1/postgres'
  await expect(openDatabase({ url, poolMax: 1, log: silent })).rejects.toThrow('ECONNREFUSED')
})
