import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { onOwnConnection } from './own-connection.ts'
import { inTransaction } from './transaction.ts'

/** How long a transaction may be silent before whoever waits for it ends it, in ms. */
const patienceMs = 2_000

/**
 * Runs a transaction that may have to wait for one of a frozen process, and ends that one. PostgreSQL would not: while a
 * COPY waits for its client, neither a timeout nor a cancel reaches it. For work before which such a process has lost
 * its say.
 */
export const pastFrozen = <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  inTransaction(pool, 'begin', async client => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const over = new AbortController()
    const [result] = await Promise.all([
      work(client).finally(() => over.abort()),
      endSilentBlockers(pool, rows[0]!.pid, over.signal),
    ])
    return result
  })

const endSilentBlockers = async (pool: pg.Pool, blocked: number, over: AbortSignal): Promise<void> => {
  await delay(patienceMs, undefined, { signal: over }).catch(() => undefined)
  if (over.aborted) return
  await onOwnConnection(pool, client =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid = any(pg_blocking_pids($1)) and wait_event = 'ClientRead'
         and state_change < clock_timestamp() - make_interval(secs => $2)`,
      [blocked, patienceMs / 1000],
    ),
  )
}
