import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { Migration0001_knowledge } from '../migrations/Migration0001_knowledge.ts'
import { Migration0002_jobs } from '../migrations/Migration0002_jobs.ts'
import { Migration0003_gates } from '../migrations/Migration0003_gates.ts'
import { Migration0004_replays } from '../migrations/Migration0004_replays.ts'
import { Migration0005_crawls } from '../migrations/Migration0005_crawls.ts'
import { Migration0007_tables } from '../migrations/Migration0007_tables.ts'
import { Migration0008_streams } from '../migrations/Migration0008_streams.ts'
import { Migration0009_refresh } from '../migrations/Migration0009_refresh.ts'
import { Migration0010_traces } from '../migrations/Migration0010_traces.ts'
import { Migration0011_tenants } from '../migrations/Migration0011_tenants.ts'
import { Migration0012_deletions } from '../migrations/Migration0012_deletions.ts'
import { entities as accessEntities } from './access/entities.ts'
import { entities as coordinatorEntities } from './coordinator/entities.ts'
import { CodedClient } from './knowledge/coded-client.ts'
import { entities as knowledgeEntities } from './knowledge/entities.ts'
import { takeBackLostConnections } from './knowledge/lost-connections.ts'
import { traceQueries } from './knowledge/query-spans.ts'
import { endSilentConnections } from './knowledge/silent-connections.ts'

/** All migrations, oldest first. */
const migrations = [
  Migration0001_knowledge,
  Migration0002_jobs,
  Migration0003_gates,
  Migration0004_replays,
  Migration0005_crawls,
  Migration0007_tables,
  Migration0008_streams,
  Migration0009_refresh,
  Migration0010_traces,
  Migration0011_tenants,
  Migration0012_deletions,
]

export interface Database {
  readonly orm: MikroORM
  /** The connections beneath `orm`, for what is too hot for it. */
  readonly pool: Pool
  /**
   * True for the embedded database. It has one session for all clients: no COPY, SET, advisory lock, LISTEN or named
   * statement; and a transaction of one client is a pause for all others.
   */
  readonly embedded: boolean
  close(): Promise<void>
}

export interface OpenDatabaseOptions {
  /** `postgresql://user:password@host:port/database`, with the parameters that node-postgres takes, sslmode among them. */
  readonly url: string
  /** Instead of sslmode: TLS is spoken with these, PEM texts, as Node's tls.connect takes them. */
  readonly tls?: DatabaseTls | undefined
  /** Connections at most. */
  readonly poolMax: number
  /** For connections that break while nobody uses them. */
  readonly log: Pick<Logger, 'warn'>
}

export interface DatabaseTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** False takes any certificate. */
  readonly rejectUnauthorized?: boolean
}

/**
 * Nothing waits for ever: neither for a lock that a frozen process holds, nor on a statement, nor does a frozen process
 * keep its own transaction, which ends before those who wait for its locks give up. Sent when a connection opens; the
 * embedded database has its own guard.
 */
const timeouts = {
  connectionTimeoutMillis: 10_000,
  lock_timeout: 10_000,
  statement_timeout: 60_000,
  idle_in_transaction_session_timeout: 5_000,
}

/** Opens the database and sees what it is; the schema is not touched. Throws when it cannot be reached. */
export const openDatabase = async ({ url, tls, poolMax, log }: OpenDatabaseOptions): Promise<Database> => {
  const orm = await MikroORM.init({
    entities: [...knowledgeEntities, ...coordinatorEntities, ...accessEntities],
    clientUrl: url,
    pool: { min: 0, max: poolMax },
    driverOptions: {
      ...timeouts,
      ...{ application_name: 'penstock', keepAlive: true, Client: CodedClient },
      // The ORM takes only the host, the database and the user from the URL, and would leave out its sslmode.
      connectionString: url,
      ...(tls && { ssl: { ...tls } }),
    },
    forceUtcTimezone: true,
    logger: message => log.warn({ operation: 'database' }, message),
    colors: false,
    extensions: [Migrator],
    migrations: {
      migrationsList: migrations.map(migration => ({ name: migration.name, class: migration })),
      snapshot: false,
      silent: true,
      disableForeignKeys: false,
    },
  })
  const close = () => orm.close()
  try {
    const pool: Pool = await orm.em.getConnection().getNativeClient()
    const embedded = await isEmbedded(pool)
    traceQueries(orm, pool)
    takeBackLostConnections(pool)
    if (!embedded) endSilentConnections(pool)
    return { orm, pool, embedded, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Our own server says so itself; PGlite behind another one is known by what it was compiled for. */
const isEmbedded = async (pool: Pool): Promise<boolean> => {
  const { rows } = await pool.query<{ embedded: boolean }>(
    `select coalesce(current_setting('penstock.embedded', true), '') = 'on' or version() like '%wasm%' as embedded`,
  )
  return rows[0]!.embedded
}
