import type { Socket } from 'node:net'
import type pg from 'pg'
import { onOwnConnection } from './own-connection.ts'

/** What the driver keeps to itself. */
interface Insides {
  readonly connection: { readonly stream: Socket }
  readonly processID: number | null
  readonly _activeQuery?: object | null
}

/**
 * Ends connections of a pool on which a statement is not answered though the server no longer works on it: what was
 * between the two has swallowed it, and neither end is told. A statement that takes long is left alone.
 */
export const endSilentConnections = (pool: pg.Pool, silenceMs = 15_000): void => {
  const watched = new WeakSet<pg.PoolClient>()
  pool.on('acquire', client => {
    if (watched.has(client)) return
    watched.add(client)
    watch(pool, client as unknown as Insides, silenceMs)
  })
}

const watch = (pool: pg.Pool, client: Insides, silenceMs: number): void => {
  const { stream } = client.connection
  const look = async () => {
    if (!client._activeQuery) return
    if (await isWorking(pool, client.processID)) stream.setTimeout(silenceMs)
    else stream.destroy()
  }
  stream.setTimeout(silenceMs)
  // Whom nobody can ask about either is out of reach as well.
  stream.on('timeout', () => {
    look().catch(() => stream.destroy())
  })
}

const isWorking = (pool: pg.Pool, pid: number | null): Promise<boolean> =>
  onOwnConnection(pool, async client => {
    const { rowCount } = await client.query(`select from pg_stat_activity where pid = $1 and state = 'active'`, [pid])
    return rowCount === 1
  })
