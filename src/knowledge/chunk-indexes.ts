import type { Pool, PoolClient } from 'pg'
import { chunkTable, maxIndexedDimensions, textIndex, vectorIndex } from './chunk-table.ts'
import type { StoredBase } from './settings.ts'
import { inTransaction } from './transaction.ts'

export interface FinishOptions {
  readonly pool: Pool
  readonly embedded: boolean
  /** Rows from which a vector index pays; below it exact search is quick. */
  readonly indexFrom: number
}

/**
 * Builds what search needs beside the rows: full text always, vectors where exact search is no longer quick (never on
 * the embedded database, which takes fifteen times as long for it). Later changes write through them. An abort cancels
 * the statement; nothing of it stays.
 */
export const buildIndexes = async (
  { pool, embedded, indexFrom }: FinishOptions,
  kb: StoredBase,
  signal: AbortSignal,
): Promise<string> => {
  signal.throwIfAborted()
  const table = chunkTable(kb.number)
  const { rows } = await pool.query<{ count: string }>(`select count(*) from ${table}`)
  const count = Number(rows[0]!.count)
  await buildIndex({ pool, embedded }, textIndex(kb.number), signal)
  const vectors = !embedded && count >= indexFrom && kb.dimensions <= maxIndexedDimensions
  if (vectors)
    await inTransaction(pool, 'begin', async client => {
      await withoutTimeout(client, embedded)
      await client.query(`set local maintenance_work_mem = '512MB'`)
      await cancellable(pool, client, signal, embedded, () => client.query(vectorIndex(kb.number)))
    })
  signal.throwIfAborted()
  await pool.query(`analyze ${table}`)
  return vectors ? `Indexed ${count} chunks by text and by vector.` : `Indexed ${count} chunks by text.`
}

/** Builds one index by its statement; writers of the table wait for it. */
export const buildIndex = (
  { pool, embedded }: Pick<FinishOptions, 'pool' | 'embedded'>,
  statement: string,
  signal: AbortSignal,
): Promise<void> =>
  inTransaction(pool, 'begin', async client => {
    await withoutTimeout(client, embedded)
    await cancellable(pool, client, signal, embedded, () => client.query(statement))
  })

/** A build takes as long as it takes. */
const withoutTimeout = async (client: PoolClient, embedded: boolean): Promise<void> => {
  if (!embedded) await client.query('set local statement_timeout = 0')
}

/** Runs a statement that an abort of the signal cancels; then throws the signal's reason. */
const cancellable = async (
  pool: Pool,
  client: PoolClient,
  signal: AbortSignal,
  embedded: boolean,
  statement: () => Promise<unknown>,
): Promise<void> => {
  if (embedded) {
    await statement()
    return
  }
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const canceling: Promise<unknown>[] = []
  const cancel = () => canceling.push(pool.query('select pg_cancel_backend($1)', [rows[0]!.pid]))
  signal.throwIfAborted()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    await statement()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    // Waited for, so that a late cancel cannot hit the next statement of this connection.
    await Promise.all(canceling)
  }
}
