import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endSilentConnections } from '../../src/knowledge/silent-connections.ts'
import { startTcpProxy } from '../faults/tcp-proxy.ts'
import { testDatabase } from '../kit/postgres.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let proxy: Awaited<ReturnType<typeof startTcpProxy>>
let pool: pg.Pool
beforeAll(async () => {
  database = await testDatabase()
  const url = new URL(database.url)
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  pool = new pg.Pool({ connectionString: url.href })
  endSilentConnections(pool, 300)
})
afterAll(async () => {
  await pool?.end()
  await proxy?.close()
  await database?.drop()
})

test('a statement whose connection swallows it fails as on a lost connection, and the next one has another', async () => {
  proxy.swallow = bytes => bytes.includes('swallowed')
  await expect(pool.query(`select 'swallowed'`)).rejects.toThrow('Connection terminated unexpectedly')
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

test('a statement that takes long is answered, and a connection that was idle for long is used again', async () => {
  const pidOf = async (sql: string) => (await pool.query<{ pid: number }>(sql)).rows[0]!.pid
  const pid = await pidOf('select pg_backend_pid() as pid, pg_sleep(1.5)')
  await new Promise(resolve => setTimeout(resolve, 700))
  expect(await pidOf('select pg_backend_pid() as pid')).toBe(pid)
})
