import type { EntityManager } from '@mikro-orm/postgresql'

/**
 * How every admission begins, and all that must stand before or after each of them: holds the one row of `admission` until
 * the transaction ends.
 */
export const lockAdmissions = async (tx: EntityManager): Promise<void> => {
  await tx.execute('select 1 from admission for update')
}
