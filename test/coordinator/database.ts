import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { openDatabase } from '../../src/database.ts'
import { startDatabase } from '../../src/knowledge/embedded.ts'
import { migrateUp } from '../../src/migrate.ts'
import { testDatabase } from '../kit/postgres.ts'

export const log = pino({ level: 'silent' })

/** A real PostgreSQL, or the embedded database, with all tables. */
export const openTestDatabase = async (kind: 'postgres' | 'embedded') => {
  const server = kind === 'postgres' ? await testDatabase() : await embedded()
  const database = await openDatabase({ url: server.url, poolMax: 8, log })
  await migrateUp(database)
  const em = database.orm.em
  return {
    em,
    /** As it was after the migrations. */
    async empty() {
      await em
        .fork()
        .execute(`truncate command, dead_letter, lane, job, publication, followed, cluster, knowledge_base cascade`)
      await em.fork().execute(`update lease set until = '-infinity'`)
    },
    async close() {
      await database.close()
      await server.drop()
    },
  }
}

const embedded = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'penstock-coordinator-'))
  const server = await startDatabase({ dataDir })
  return {
    url: server.url,
    async drop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
