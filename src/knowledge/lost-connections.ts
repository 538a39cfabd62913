import type { Pool, PoolClient } from 'pg'

/**
 * Takes connections out of a pool that were lost while somebody had them and that are not given back: Kysely keeps the
 * connection of a transaction whose begin, commit or rollback failed, and a pool of eight would be empty for good after
 * eight of them. Whoever has one hears of its end at once, so after `graceMs` nobody will give it back any more.
 */
export const takeBackLostConnections = (pool: Pool, graceMs = 1_000): void => {
  const out = new WeakSet<PoolClient>()
  const watched = new WeakSet<PoolClient>()
  pool.on('release', (_, client) => out.delete(client))
  pool.on('acquire', client => {
    out.add(client)
    if (watched.has(client)) return
    watched.add(client)
    client.once('end', () => {
      if (!out.has(client)) return
      setTimeout(() => {
        if (out.has(client)) client.release(true)
      }, graceMs).unref()
    })
  })
}
