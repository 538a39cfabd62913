import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, type OpenDatabaseOptions, openDatabase } from '../../src/database.ts'
import { onOwnConnection } from '../../src/knowledge/own-connection.ts'
import { endSilentConnections } from '../../src/knowledge/silent-connections.ts'
import { migrateUp, migrationStatus } from '../../src/migrate.ts'
import { startTcpProxy } from '../faults/tcp-proxy.ts'
import { type Authority, makeAuthority, pemTexts } from '../kit/certificates.ts'
import { silent } from '../kit/log.ts'
import { type SecurePostgres, startSecurePostgres } from '../kit/secure-postgres.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

const password = 'a-word-of-postgres'
const { folder, remove } = temporaryFolder('certificates')
let authority: Authority
let stranger: Authority
let server: SecurePostgres
beforeAll(async () => {
  authority = await makeAuthority(folder)
  stranger = await makeAuthority(folder, 'stranger')
  server = await startSecurePostgres(authority, password)
})
const opened: Database[] = []
afterAll(async () => {
  await Promise.all(opened.map(one => one.close()))
  await server?.stop()
  remove()
})

const open = async (options: Partial<OpenDatabaseOptions>): Promise<Database> => {
  const url = server.url.replace('@', `:${password}@`)
  const one = await openDatabase({ url, poolMax: 2, log: silent, ...options })
  opened.push(one)
  return one
}
const refusal = (options: Partial<OpenDatabaseOptions>): Promise<Error> =>
  open(options).then(
    () => {
      throw new Error('It was let in.')
    },
    (error: Error) => error,
  )
const ca = () => readFileSync(authority.caFile, 'utf8')
const encrypted = `select ssl from pg_stat_ssl where pid = pg_backend_pid()`

describe('PostgreSQL over TLS', () => {
  test('is migrated and asked by every connection that there is', async () => {
    const database = await open({ tls: { ca: ca() } })
    await migrateUp(database)
    expect((await migrationStatus(database)).pending).toEqual([])
    expect((await database.pool.query(encrypted)).rows).toEqual([{ ssl: true }])
    expect(await onOwnConnection(database.pool, async one => (await one.query(encrypted)).rows)).toEqual([
      { ssl: true },
    ])
  })

  test('takes a certificate of the client', async () => {
    const own = pemTexts(await authority.issue('certified'))
    const url = server.url.replace('postgres@', 'certified@')
    const database = await open({ url, tls: { ca: ca(), ...own } })
    expect((await database.pool.query('select current_user as user')).rows).toEqual([{ user: 'certified' }])
    expect(await onOwnConnection(database.pool, async one => (await one.query(encrypted)).rows)).toEqual([
      { ssl: true },
    ])
  })

  test('is spoken to as sslmode in the URL says', async () => {
    const url = server.url.replace('@', `:${password}@`)
    const verified = await open({ url: `${url}?sslmode=verify-full&sslrootcert=${authority.caFile}` })
    expect((await verified.pool.query(encrypted)).rows).toEqual([{ ssl: true }])
    expect(await refusal({ url: `${url}?sslmode=verify-full` })).toMatchObject({ code: 'untrusted_certificate' })
  })

  test('may have any certificate where none is asked for', async () => {
    const database = await open({ tls: { rejectUnauthorized: false } })
    expect((await database.pool.query(encrypted)).rows).toEqual([{ ssl: true }])
  })
})

describe('a refusal has a code and says which setting to see', () => {
  test('for a wrong password', async () => {
    const error = await refusal({ url: server.url.replace('@', ':another-word@'), tls: { ca: ca() } })
    expect(error).toMatchObject({ code: 'authentication_failed' })
    expect(error.message).toContain('PENSTOCK_DATABASE_PASSWORD')
    expect(error.message).not.toContain('another-word')
  })

  test('for an authority that is not known', async () => {
    const error = await refusal({ tls: { ca: readFileSync(stranger.caFile, 'utf8') } })
    expect(error).toMatchObject({ code: 'untrusted_certificate' })
    expect(error.message).toContain('PENSTOCK_DATABASE_TLS_CA_FILE')
  })

  test('for a server by another name than its certificate has', async () => {
    const url = server.url.replace('@127.0.0.1', `:${password}@localhost`)
    expect(await refusal({ url, tls: { ca: ca() } })).toMatchObject({ code: 'untrusted_certificate' })
  })

  test('for a client without TLS', async () => {
    const error = await refusal({})
    expect(error).toMatchObject({ code: 'tls_mismatch' })
    expect(error.message).toContain('PENSTOCK_DATABASE_TLS=verify-full')
  })
})

test('a connection that swallows a statement is ended over TLS as well', async () => {
  const url = new URL(server.url.replace('@', `:${password}@`))
  const proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  const pool = new pg.Pool({ connectionString: url.href, ssl: { ca: ca() } })
  endSilentConnections(pool, 300)
  await pool.query('select 1')
  let swallowed = 0
  proxy.swallow = () => swallowed++ === 0
  await expect(pool.query('select 2')).rejects.toThrow('Connection terminated unexpectedly')
  expect((await pool.query(encrypted)).rows).toEqual([{ ssl: true }])
  await pool.end()
  await proxy.close()
})

test('a pool that was opened says so as well, when the password is changed beneath it', async () => {
  const { pool } = await open({ tls: { ca: ca() } })
  await server.changePassword('a-newer-word')
  await expect(pool.query('select 1')).rejects.toThrow()
  await expect(pool.query('select 1')).rejects.toMatchObject({ code: 'authentication_failed' })
})
