import type { EntityManager } from '@mikro-orm/postgresql'
import type { Pool, QueryResult, QueryResultRow } from 'pg'
import { inTransaction, snapshot } from './transaction.ts'

/** The role by which only a tenant's rows are seen, and few of them changed. */
export const tenantRole = 'penstock_api'
const variable = 'penstock.tenant'

/** Also a folder's name, and safe in SQL. */
const tenantPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/

/**
 * The database as one tenant may see it, whatever is asked: row-level security hides the rest in every transaction. A
 * second net, beneath queries that name the tenant or were let through by what knows whose a knowledge base is.
 */
export const emOf = (em: EntityManager, tenant: string): EntityManager => {
  const own = em.fork()
  own.setSessionContext({ role: tenantRole, variables: { [variable]: tenant } })
  return own
}

/** How a transaction begins that reads as a tenant. */
export const snapshotOf = (tenant: string): string => {
  if (!tenantPattern.test(tenant)) throw new Error(`${JSON.stringify(tenant)} is no name of a tenant.`)
  return `${snapshot}; set local role ${tenantRole}; set local ${variable} = '${tenant}'`
}

/** What reads by single queries. */
export interface Queries {
  query<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>>
}

/** The pool as one tenant may read it. */
export const queriesOf = (pool: Pool, tenant: string): Queries => ({
  query: (text, values) => inTransaction(pool, snapshotOf(tenant), client => client.query(text, values)),
})

/** Whose knowledge bases are. Their names are unique over all tenants; the first who uses one has it. */
export const owners = {
  /** null while the name is free. */
  async of(tx: EntityManager, kbId: string): Promise<string | null> {
    const [row] = await tx.execute<{ tenant: string }[]>('select tenant from knowledge_base_owner where kb_id = ?', [
      kbId,
    ])
    return row?.tenant ?? null
  },
  /** False where another tenant has it. */
  async claim(tx: EntityManager, kbId: string, tenant: string): Promise<boolean> {
    const [row] = await tx.execute<{ tenant: string }[]>(
      `insert into knowledge_base_owner (kb_id, tenant) values (?, ?)
       on conflict (kb_id) do update set kb_id = excluded.kb_id returning tenant`,
      [kbId, tenant],
    )
    return row!.tenant === tenant
  },
  /** True while it is being deleted: its name is not free yet, and nothing more is done with it. */
  async isDeleting(tx: EntityManager, kbId: string): Promise<boolean> {
    const rows = await tx.execute('select 1 from knowledge_base_deletion where kb_id = ?', [kbId])
    return rows.length > 0
  },
  async forget(tx: EntityManager, kbId: string): Promise<void> {
    await tx.execute('delete from knowledge_base_owner where kb_id = ?', [kbId])
  },
}

/** SQL that is true for the knowledge bases of a tenant; `kb` is a column, `?` the tenant. */
export const ownedBy = (kb: string) => `${kb} in (select kb_id from knowledge_base_owner where tenant = ?)`
