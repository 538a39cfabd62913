import type { PoolClient } from 'pg'
import { Fatal } from '../runtime/errors.ts'

/** What the store has to know of a knowledge base. */
export interface StoredBase {
  readonly id: string
  readonly number: number
  readonly dimensions: number
}

/** null when there is no such knowledge base. */
export const findBase = async (client: Pick<PoolClient, 'query'>, id: string): Promise<StoredBase | null> => {
  const { rows } = await client.query<StoredBase>(
    `select id, number, (embedding->>'dimensions')::int as dimensions from knowledge_base where id = $1`,
    [id],
  )
  return rows[0] ?? null
}

/** Throws Fatal `unknown_knowledge_base`: no record of the job can be stored. */
export const storedBase = async (client: Pick<PoolClient, 'query'>, id: string): Promise<StoredBase> => {
  const kb = await findBase(client, id)
  if (!kb) throw unknownBase(id)
  return kb
}

export const unknownBase = (id: string): Fatal =>
  new Fatal('unknown_knowledge_base', `There is no knowledge base ${id} in this database.`)
