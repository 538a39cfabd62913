import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { Fatal } from '../runtime/errors.ts'
import type { LaneJob } from '../schemas/lane-control.ts'

/** Goes up when the same settings begin to give other chunks or vectors: everything is then made anew. */
const generation = 1

/** Documents made with equal settings from equal content are equal. */
export const settingsHash = ({ chunking, embedding }: Pick<LaneJob, 'chunking' | 'embedding'>): string => {
  const { strategy, chunk_size, chunk_overlap } = chunking
  const { provider, model, dimensions } = embedding
  return createHash('sha256')
    .update(JSON.stringify([generation, strategy, chunk_size, chunk_overlap, provider, model, dimensions]))
    .digest('hex')
}

/** What the store has to know of a knowledge base. */
export interface StoredBase {
  readonly id: string
  readonly number: number
  readonly dimensions: number
}

/** Throws Fatal `unknown_knowledge_base`: no record of the job can be stored. */
export const storedBase = async (client: Pick<PoolClient, 'query'>, id: string): Promise<StoredBase> => {
  const { rows } = await client.query<StoredBase>(
    `select id, number, (embedding->>'dimensions')::int as dimensions from knowledge_base where id = $1`,
    [id],
  )
  if (!rows[0]) throw new Fatal('unknown_knowledge_base', `There is no knowledge base ${id} in this database.`)
  return rows[0]
}
