import type { EntityManager } from '@mikro-orm/postgresql'
import type { Actor } from '../actor.ts'
import type { Database, Transaction } from './database.ts'
import { execute } from './statements.ts'
import { fits, type Row, sorted } from './tables.ts'

type Where = Readonly<Record<string, unknown>>
interface FindOptions {
  readonly orderBy?: Readonly<Record<string, 'asc' | 'desc'>>
  readonly limit?: number
}

/** The part of MikroORM that the coordinator uses, over the tables of the simulation. */
export const entityManager = (database: Database, actor: Actor): EntityManager =>
  ({
    fork: () => ({
      ...reading(work => database.once(actor, 'query', () => work(new Session(database)))),
      transactional: <T>(work: (tx: unknown) => Promise<T>) => transactional(database, actor, work),
    }),
  }) as unknown as EntityManager

const transactional = async <T>(database: Database, actor: Actor, work: (tx: unknown) => Promise<T>): Promise<T> => {
  const transaction = await database.begin(actor)
  const session = new Session(database)
  let result: T
  try {
    result = await work(inside(session, transaction))
    session.flush()
  } catch (error) {
    database.rollback(transaction)
    throw error
  }
  await database.commit(actor, transaction, session.about)
  return result
}

/** What can be asked with and without a transaction. */
const reading = (run: <T>(work: (session: Session) => T) => Promise<T>) => ({
  find: (entity: unknown, where: Where, options?: FindOptions) => run(session => session.find(entity, where, options)),
  findOne: (entity: unknown, where: Where, options?: FindOptions) =>
    run(session => session.find(entity, where, { ...options, limit: 1 })[0] ?? null),
  count: (entity: unknown, where: Where) => run(session => session.find(entity, where).length),
  execute: (sql: string, params: readonly unknown[] = []) =>
    run(session => {
      session.flush()
      return execute(session.database, sql, params)
    }),
})

const inside = (session: Session, transaction: Transaction) => {
  const run = async <T>(work: (session: Session) => T): Promise<T> => {
    transaction.assertOpen()
    return work(session)
  }
  return {
    ...reading(run),
    create: (entity: unknown, values: Row) => {
      transaction.assertOpen()
      return session.create(entity, values)
    },
    flush: () => run(() => session.flush()),
    upsert: (entity: unknown, row: Row) => run(() => session.upsert(entity, [row])),
    upsertMany: (entity: unknown, rows: readonly Row[], options?: { readonly onConflictAction?: string }) =>
      run(() => session.upsert(entity, rows, options?.onConflictAction === 'ignore')),
    nativeDelete: (entity: unknown, where: Where) => run(() => session.delete(entity, where)),
    nativeUpdate: (entity: unknown, where: Where, values: Row) => run(() => session.update(entity, where, values)),
  }
}

/** What one transaction has read, of which changes are written back as MikroORM does: before a query and at the end. */
class Session {
  readonly database: Database
  /** What it did, for whoever reads the story. */
  about = 'commit'
  readonly #known = new Map<Row, Row>()

  constructor(database: Database) {
    this.database = database
  }

  find(entity: unknown, where: Where, { orderBy, limit }: FindOptions = {}): Row[] {
    this.flush()
    const found = this.database
      .table(entity)
      .all()
      .filter(row => fits(row, where))
    return sorted(found, orderBy)
      .slice(0, limit)
      .map(row => this.#know(entity, row))
  }

  create(entity: unknown, values: Row): Row {
    return this.#know(entity, this.database.create(entity, values))
  }

  upsert(entity: unknown, rows: readonly Row[], ignore = false): void {
    for (const row of rows) {
      const table = this.database.table(entity)
      const known = table.like(row)
      if (!known) this.database.create(entity, row)
      else if (!ignore) table.update(known, row)
    }
  }

  delete(entity: unknown, where: Where): void {
    this.flush()
    const table = this.database.table(entity)
    for (const row of table.all()) if (fits(row, where)) table.delete(row)
  }

  update(entity: unknown, where: Where, values: Row): void {
    this.flush()
    const table = this.database.table(entity)
    for (const row of table.all()) if (fits(row, where)) table.update(row, values)
  }

  flush(): void {
    for (const [row, known] of this.#known) {
      const changed = Object.keys(known).filter(field => known[field] !== row[field])
      if (changed.length === 0) continue
      const values = Object.fromEntries(changed.map(field => [field, known[field]]))
      this.database.table(this.#entities.get(row)).update(row, values)
    }
  }

  readonly #entities = new Map<Row, unknown>()

  #know(entity: unknown, row: Row): Row {
    let known = this.#known.get(row)
    if (!known) {
      known = { ...row }
      this.#known.set(row, known)
      this.#entities.set(row, entity)
    }
    return known
  }
}
