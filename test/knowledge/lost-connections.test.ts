import { expect, test } from 'vitest'
import { openDatabase } from '../../src/database.ts'
import { silent } from '../kit/log.ts'
import { testDatabase } from '../kit/postgres.ts'

test('transactions that lose their connections leave none of them in the pool', { timeout: 60_000 }, async () => {
  const server = await testDatabase()
  const database = await openDatabase({ url: server.url, poolMax: 2, log: silent })
  const lost = () =>
    database.orm.em.fork().transactional(tx => tx.execute('select pg_terminate_backend(pg_backend_pid())'))
  for (let i = 0; i < 5; i++) await expect(lost()).rejects.toThrow()
  expect(await database.orm.em.fork().execute('select 1 as one')).toEqual([{ one: 1 }])
  await database.close()
  await server.drop()
})
