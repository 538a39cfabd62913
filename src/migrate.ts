import type { Transaction } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Database } from './database.ts'
import { grantTenantRole } from './knowledge/tenant-role.ts'
import { codeOf } from './runtime/errors.ts'

export interface MigrationStatus {
  readonly applied: readonly { readonly name: string; readonly at: Date }[]
  readonly pending: readonly string[]
}

/**
 * Applies what is pending, or what of it comes up to `to`, in one transaction. Returns the names, oldest first. With no
 * `to`, the user may act as the API's role after that, though nothing was pending.
 */
export const migrateUp = (database: Database, to?: string): Promise<readonly string[]> =>
  alone(database, async (transaction, tx) => {
    const applied = await database.orm.migrator.up({ transaction, ...(to === undefined ? {} : { to }) })
    if (to === undefined) await grantTenantRole(tx)
    return named(applied)
  })

/**
 * Takes migrations back, newest first: the last one, or all after `to` (a name, or `0` for all of them). What only the
 * newer versions knew is lost. Throws where `to` is not applied: then nothing is taken back.
 */
export const migrateDown = async (database: Database, to?: string): Promise<readonly string[]> => {
  if (to !== undefined && to !== '0') await checkApplied(database, to)
  return alone(database, transaction =>
    database.orm.migrator
      .down({ transaction, ...(to === undefined ? {} : { to: to === '0' ? (0 as const) : to }) })
      .then(named),
  )
}

const checkApplied = async (database: Database, name: string): Promise<void> => {
  const applied = named((await migrationStatus(database)).applied)
  if (!applied.includes(name))
    throw new Error(`No migration ${name} is applied. Give one of ${applied.join(', ')}, or 0 to take back all.`)
}

export const migrationStatus = async (database: Database): Promise<MigrationStatus> => {
  const pending = await pendingOf(database)
  const applied = await database.orm.migrator.getExecuted()
  return { applied: applied.map(({ name, executed_at }) => ({ name, at: executed_at })), pending: pending.map(nameOf) }
}

/** Whoever else migrates waits for the end of this, within the `lock_timeout`, and does what is left then. */
const alone = async <T>(
  database: Database,
  work: (transaction: Transaction, tx: EntityManager) => Promise<T>,
): Promise<T> => {
  await pendingOf(database)
  return database.orm.em.fork().transactional(async tx => {
    await tx.execute('lock table mikro_orm_migrations in share row exclusive mode').catch(busy)
    return work(tx.getTransactionContext()!, tx)
  })
}

/** Makes the table of migrations where there is none. Of two that make it at once, one fails; then it is there. */
const pendingOf = ({ orm: { migrator } }: Database) => migrator.getPending().catch(() => migrator.getPending())

const busy = (cause: unknown): never => {
  if (codeOf(cause) !== '55P03') throw cause
  throw new Error('Another process migrates this database. Run this again when that has ended.', { cause })
}

const nameOf = ({ name }: { readonly name: string }): string => name
const named = (migrations: readonly { readonly name: string }[]): readonly string[] => migrations.map(nameOf)
