import type { Database } from './database.ts'

export interface MigrationStatus {
  readonly applied: readonly { readonly name: string; readonly at: Date }[]
  readonly pending: readonly string[]
}

/** Applies what is pending, or what of it comes up to `to`, in one transaction. Returns the names, oldest first. */
export const migrateUp = ({ orm }: Database, to?: string): Promise<readonly string[]> =>
  orm.migrator.up(to === undefined ? undefined : { to }).then(named)

/**
 * Takes migrations back, newest first: the last one, or all after `to` (a name, or `0` for all of them). What only the
 * newer versions knew is lost.
 */
export const migrateDown = ({ orm }: Database, to?: string): Promise<readonly string[]> =>
  orm.migrator.down(to === undefined ? undefined : { to: to === '0' ? 0 : to }).then(named)

export const migrationStatus = async ({ orm }: Database): Promise<MigrationStatus> => {
  const applied = await orm.migrator.getExecuted()
  const pending = await orm.migrator.getPending()
  return { applied: applied.map(({ name, executed_at }) => ({ name, at: executed_at })), pending: pending.map(nameOf) }
}

const nameOf = ({ name }: { readonly name: string }): string => name
const named = (migrations: readonly { readonly name: string }[]): readonly string[] => migrations.map(nameOf)
