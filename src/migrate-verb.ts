import pino from 'pino'
import { UsageError } from './cli/context.ts'
import type { Config } from './config.ts'
import { databaseConnection } from './connections.ts'
import { openDatabase } from './database.ts'
import { migrateDown, migrateUp, migrationStatus } from './migrate.ts'

export interface MigrateResult {
  readonly changed: readonly string[]
  readonly migrations: readonly { readonly name: string; readonly state: string }[]
}

/** `penstock migrate`: applies, takes back or lists the migrations of the database that DATABASE_URL names. */
export const migrate = async (direction: string, to: string | undefined, config: Config): Promise<MigrateResult> => {
  if (!['up', 'down', 'status'].includes(direction))
    throw new UsageError(`There is no direction ${direction}. The directions are up, down and status.`)
  if (config.database.url === null)
    throw new Error(
      'Set DATABASE_URL to the database to migrate. The embedded one is brought up to date by `penstock up`.',
    )
  const database = await openDatabase({
    ...databaseConnection(config.database.url, config),
    ...{ poolMax: 1, log: pino({ level: 'silent' }) },
  })
  try {
    const changed =
      direction === 'up' ? await migrateUp(database) : direction === 'down' ? await migrateDown(database, to) : []
    const { applied, pending } = await migrationStatus(database)
    return {
      changed,
      migrations: [
        ...applied.map(({ name, at }) => ({ name, state: `applied ${at.toISOString()}` })),
        ...pending.map(name => ({ name, state: 'pending' })),
      ],
    }
  } finally {
    await database.close()
  }
}
