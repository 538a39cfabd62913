import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeys } from '../src/access/key-store.ts'
import { accessOf, isLoopback } from '../src/api-access.ts'
import { type Config, loadConfig } from '../src/config.ts'
import { migrateUp } from '../src/migrate.ts'
import { openPostgres, type TestDatabase } from './kit/databases.ts'
import { silent } from './kit/log.ts'

let opened: TestDatabase
beforeAll(async () => {
  opened = await openPostgres()
  await migrateUp(opened.database)
})
afterAll(() => opened?.close())
const access = (env: Record<string, string>) => {
  const config: Config = loadConfig({ env: { HOME: '/home/someone', ...env }, cwd: '/tmp' })
  return accessOf(config, opened.database.orm.em, silent)
}
const adminKey = 'a-secret-of-more-than-32-characters'

test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('%s is loopback', host => {
  expect(isLoopback(host)).toBe(true)
})
test.each(['0.0.0.0', '::', '10.0.0.1', 'penstock', '127.0.0.1.example.org'])('%s is not', host => {
  expect(isLoopback(host)).toBe(false)
})

test('the API is open on loopback alone, and elsewhere does not start before there is a key', async () => {
  expect((await access({})).open).toBe(true)
  await expect(access({ PENSTOCK_HOST: '0.0.0.0' })).rejects.toThrow(/penstock keys create/)
  await expect(access({ PENSTOCK_REQUIRE_KEYS: 'true' })).rejects.toThrow(/there is no key yet/)
  const keys = createKeys(opened.database.orm.em)
  const { secret, key_id } = await keys.create({ tenant: 'default', name: 'x', scopes: ['read'], expires_at: null })
  const found = await access({ PENSTOCK_HOST: '0.0.0.0' })
  expect(found.open).toBe(false)
  expect(await found.find(secret)).toEqual({ tenant: 'default', scopes: ['read'], key: key_id })
  await keys.revoke(key_id, null)
  await expect(access({ PENSTOCK_HOST: '0.0.0.0' })).rejects.toThrow(/there is no key yet/)
})

test('a key of the settings is enough to start with', async () => {
  const found = await access({ PENSTOCK_HOST: 'penstock.example.org', PENSTOCK_ADMIN_KEY: adminKey })
  expect(found).toMatchObject({ open: false, hosts: ['penstock.example.org'] })
  expect(await found.find(adminKey)).toMatchObject({ tenant: 'default', scopes: ['admin'] })
})
