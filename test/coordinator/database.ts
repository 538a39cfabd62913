import { migrateUp } from '../../src/migrate.ts'
import type { TestDatabase } from '../kit/databases.ts'

/** A database with all tables. */
export const openTestDatabase = async (open: () => Promise<TestDatabase>) => {
  const { database, close } = await open()
  await migrateUp(database)
  const { em } = database.orm
  return {
    em,
    /** As it was after the migrations. */
    async empty() {
      await em
        .fork()
        .execute(
          `truncate knowledge_base_deletion, schedule, applied, parked_event, intake_partition, command, dead_letter, replay_document, lane, job, publication, followed, cluster, knowledge_base, knowledge_base_owner cascade`,
        )
      await em.fork().execute(`update lease set until = '-infinity'`)
    },
    close,
  }
}
