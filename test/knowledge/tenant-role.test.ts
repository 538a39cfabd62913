import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/database.ts'
import { createCatalogue } from '../../src/knowledge/catalogue.ts'
import { emOf } from '../../src/knowledge/tenancy.ts'
import { checkTenantRole } from '../../src/knowledge/tenant-role.ts'
import { migrateUp } from '../../src/migrate.ts'
import { silent } from '../kit/log.ts'
import { execute, startTestPostgres, type TestPostgres } from '../kit/postgres.ts'

/** Users of managed databases are no superusers: here `maker` may make roles, and `plain` may not. */
const users = ['maker', 'plain'] as const
let server: TestPostgres
beforeAll(async () => {
  server = await startTestPostgres()
  await execute(server.url, 'create role maker login createrole; create role plain login')
})
afterAll(() => server?.stop())

const admin = (sql: string, user: string) => execute(server.url.replace(/\/postgres$/, `/of_${user}`), sql)
const open = new Map<string, Database>()
const as = async (user: (typeof users)[number]) => {
  const url = server.url.replace('//postgres@', `//${user}@`).replace(/\/postgres$/, `/of_${user}`)
  const database = open.get(user) ?? (await openDatabase({ url, poolMax: 2, log: silent }))
  open.set(user, database)
  return database
}
beforeEach(async () => {
  for (const user of users) {
    await execute(server.url, `create database of_${user} owner ${user}`)
    await admin('create extension vector', user)
  }
})
afterEach(async () => {
  for (const database of open.values()) await database.close()
  open.clear()
  for (const user of users) await execute(server.url, `drop database of_${user} with (force)`)
  await execute(server.url, 'drop role if exists penstock_api')
})

const seen = async ({ orm: { em } }: Database) =>
  (await createCatalogue(emOf(em, 'acme')).list({ limit: 9, after: null })).knowledge_bases

test('a user who may make roles migrates, and reads as a tenant', async () => {
  const database = await as('maker')
  await migrateUp(database)
  await checkTenantRole(database.orm.em.fork())
  expect(await seen(database)).toEqual([])
})

test('on a server to which a backup was restored, the role is there and nobody’s: migrate grants it again', async () => {
  const database = await as('maker')
  await migrateUp(database)
  await admin('reassign owned by penstock_api to postgres; drop owned by penstock_api; drop role penstock_api', 'maker')
  await admin('create role penstock_api nologin; grant penstock_api to maker with admin option, set false', 'maker')
  await expect(checkTenantRole(database.orm.em.fork())).rejects.toThrow('run `penstock migrate`')
  expect(await migrateUp(database)).toEqual([])
  await checkTenantRole(database.orm.em.fork())
})

test('a user who may not make roles is told what an administrator has to run, and migrates after that', async () => {
  const database = await as('plain')
  const what = /create role penstock_api nologin; grant penstock_api to plain/
  await expect(migrateUp(database)).rejects.toThrow(what)
  await admin('create role penstock_api nologin', 'plain')
  await expect(migrateUp(database)).rejects.toThrow(what)
  await admin('grant penstock_api to plain', 'plain')
  await migrateUp(database)
  expect(await seen(database)).toEqual([])
})
