import type { Pool, PoolClient } from 'pg'
import { inSpan } from '../telemetry/spans.ts'

/** How a transaction begins that only reads: one moment for all of its statements, so nothing is seen half done. */
export const snapshot = 'begin isolation level repeatable read read only'

/**
 * Runs `work` in a transaction on a connection of its own. A connection whose state is unknown after an error is closed,
 * never handed to another.
 */
export const inTransaction = <T>(pool: Pool, begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  transactionSpan(() => transaction(pool, begin, work))

/** The span of a transaction, its statements and the wait for a connection included. */
export const transactionSpan = <T>(work: () => Promise<T>): Promise<T> =>
  inSpan('postgresql transaction', { 'db.system.name': 'postgresql' }, work)

const transaction = async <T>(pool: Pool, begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect()
  let broken: Error | undefined
  const noteBreak = (error: Error) => {
    broken = error
  }
  client.on('error', noteBreak)
  try {
    await client.query(begin)
    const result = await work(client)
    const { command } = await client.query('commit')
    // PostgreSQL answers the commit of a failed transaction with a rollback, not with an error.
    if (command !== 'COMMIT') throw new Error('The transaction had failed and was rolled back.')
    return result
  } catch (error) {
    await client.query('rollback').catch(noteBreak)
    throw error
  } finally {
    client.off('error', noteBreak)
    client.release(broken)
  }
}
