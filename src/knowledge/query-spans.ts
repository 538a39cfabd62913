import type { MikroORM } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
import { inStatementSpan } from '../telemetry/spans.ts'
import { transactionSpan } from './transaction.ts'

/**
 * Gives what goes through the ORM and through the pool a span within the one that is active: a transaction one for all of
 * its statements, a statement outside of one its own. What goes on by itself has no active span and gets none.
 */
export const traceQueries = (orm: MikroORM, pool: Pool): void => {
  const connection = orm.em.getConnection()
  const { execute, transactional } = connection
  connection.transactional = (work, options) => {
    const run = () => transactional.call(connection, work, options) as ReturnType<typeof work>
    return options?.ctx ? run() : transactionSpan(run)
  }
  connection.execute = ((...given: Parameters<typeof execute>) => {
    const [statement, , , transaction] = given
    const run = () => execute.apply(connection, given)
    return transaction ? run() : inStatementSpan(() => textOf(statement), run)
  }) as typeof execute
  const query = pool.query.bind(pool) as (...given: readonly unknown[]) => Promise<unknown>
  pool.query = ((...given: readonly [string | { readonly text: string }, ...unknown[]]) => {
    const [statement] = given
    const text = () => (typeof statement === 'string' ? statement : statement.text)
    return inStatementSpan(text, () => query(...given))
  }) as typeof pool.query
}

const textOf = (statement: Parameters<ReturnType<MikroORM['em']['getConnection']>['execute']>[0]): string => {
  if (typeof statement === 'string') return statement
  return 'sql' in statement ? statement.sql : statement.toRaw().sql
}
