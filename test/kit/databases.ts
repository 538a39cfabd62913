import { type Database, openDatabase } from '../../src/database.ts'
import { startDatabase } from '../../src/knowledge/embedded.ts'
import { silent } from './log.ts'
import { testDatabase } from './postgres.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** An empty database to test with; `close` leaves nothing behind. */
export interface TestDatabase {
  readonly url: string
  readonly database: Database
  close(): Promise<void>
}

const openEmbedded = async (): Promise<TestDatabase> => {
  const { folder, remove } = temporaryFolder('database')
  const server = await startDatabase({ dataDir: folder })
  const database = await openDatabase({ url: server.url, poolMax: 8, log: silent })
  return {
    url: server.url,
    database,
    async close() {
      await database.close()
      await server.stop()
      remove()
    },
  }
}

/** A database of its own on the PostgreSQL that all tests share. */
export const openPostgres = async (): Promise<TestDatabase> => {
  const { url, drop } = await testDatabase()
  const database = await openDatabase({ url, poolMax: 8, log: silent })
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
  ['PGlite', openEmbedded],
  ['PostgreSQL', openPostgres],
] as const
