import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Database, openDatabase } from '../../src/database.ts'
import { startDatabase } from '../../src/knowledge/embedded.ts'
import { testDatabase } from './postgres.ts'

export const silent = pino({ level: 'silent' })

/** An empty database to test with; `close` leaves nothing behind. */
export interface TestDatabase {
  readonly url: string
  readonly database: Database
  close(): Promise<void>
}

/** A folder of its own below the system's temporary one. */
export const temporaryFolder = async (): Promise<{ readonly path: string; remove(): Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'penstock-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

const embedded = async (): Promise<TestDatabase> => {
  const folder = await temporaryFolder()
  const server = await startDatabase({ dataDir: folder.path })
  const database = await openDatabase({ url: server.url, poolMax: 5, log: silent })
  return {
    url: server.url,
    database,
    async close() {
      await database.close()
      await server.stop()
      await folder.remove()
    },
  }
}

const real = async (): Promise<TestDatabase> => {
  const { url, drop } = await testDatabase()
  const database = await openDatabase({ url, poolMax: 5, log: silent })
  return {
    url,
    database,
    async close() {
      await database.close()
      await drop()
    },
  }
}

/** Both databases that Penstock runs on, by name. */
export const databases = [
  ['PGlite', embedded],
  ['PostgreSQL', real],
] as const
