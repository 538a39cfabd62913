import type pg from 'pg'
import { CodedClient } from './coded-client.ts'

/** Runs `work` on a connection of its own: those of the pool may all be waiting as well. */
export const onOwnConnection = async <T>(pool: pg.Pool, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new CodedClient(pool.options)
  // The query that was under way is told as well.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
