import type { Pool } from 'pg'
import { AppliedRow } from '../../../src/knowledge/entities.ts'
import type { Actor } from '../actor.ts'
import { connectionLost, type Database, type Transaction } from './database.ts'
import type { Row } from './tables.ts'

/** The part of a pool of connections that the applied rows are kept through, for one process. */
export const poolOf = (database: Database, actor: Actor): Pool =>
  ({
    query: async (sql: string, values: readonly unknown[]) => ({
      rows: await database.once(actor, `claim ${values.slice(1).join('.')}`, () => run(database, sql, values)),
    }),
    connect: async () => new Client(database, actor),
  }) as unknown as Pool

class Client {
  readonly #database: Database
  readonly #actor: Actor
  #transaction: Transaction | null = null

  constructor(database: Database, actor: Actor) {
    this.#database = database
    this.#actor = actor
  }

  async query(sql: string, values: readonly unknown[] = []): Promise<{ rows?: readonly Row[]; command?: string }> {
    if (sql === 'begin') {
      this.#transaction = await this.#database.begin(this.#actor)
      return {}
    }
    const transaction = this.#transaction
    if (!transaction) throw connectionLost()
    if (sql === 'commit') {
      await this.#database.commit(this.#actor, transaction, 'commit effect')
      return { command: 'COMMIT' }
    }
    if (sql === 'rollback') {
      this.#database.rollback(transaction)
      return {}
    }
    transaction.assertOpen()
    return { rows: run(this.#database, sql, values) }
  }

  on(): this {
    return this
  }

  off(): this {
    return this
  }

  release(): void {
    this.#transaction = null
  }
}

/** The three statements of `applied`. */
const run = (
  database: Database,
  sql: string,
  [job, stage, lane, fourth, rejects]: readonly unknown[],
): readonly Row[] => {
  const table = database.table(AppliedRow)
  const row = table.like({ jobId: job, stage, lane })
  if (sql.startsWith('insert into applied')) {
    if (row) table.update(row, { fence: Number(row.fence) + 1 })
    const claimed = row ?? database.create(AppliedRow, { jobId: job, stage, lane })
    return [{ fence: String(claimed.fence) }]
  }
  if (sql.startsWith('select next_offset, rejects from applied')) {
    // Whatever the statement asks the fence for is what counts: see where it names it.
    const fenced = /\bfence = \$4/.test(sql)
    return row && (!fenced || row.fence === fourth)
      ? [{ next_offset: String(row.nextOffset), rejects: row.rejects }]
      : []
  }
  if (sql.startsWith('update applied set next_offset')) {
    if (row) table.update(row, { nextOffset: fourth, rejects: JSON.parse(String(rejects)) })
    return []
  }
  throw new Error(`The simulated database does not know this statement: ${sql}`)
}
