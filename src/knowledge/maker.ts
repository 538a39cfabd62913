import { hash } from 'node:crypto'
import type { PoolClient } from 'pg'
import { chunkerRevision } from '../schemas/identity.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import { type Topic, topics } from '../schemas/topics.ts'

/** What a document was made with: enough to know what would make it again. */
export interface Maker {
  /** Of Penstock. */
  readonly code: string
  readonly chunker_revision: number
  readonly chunking: LaneJob['chunking']
  readonly embedding: LaneJob['embedding']
  /** Record type to the first 16 hex digits of the SHA-256 of its Avro schema, of what documents travel in. */
  readonly schemas: Readonly<Record<string, string>>
}

const line = ['load.requests', 'documents', 'chunks', 'vectors']

const all: readonly Topic[] = topics

const schemas = Object.fromEntries(
  all
    .filter(({ name }) => line.includes(name))
    .flatMap(({ records }) => records)
    .map(schema => [schema.name, hash('sha256', JSON.stringify(schema)).slice(0, 16)]),
)

export const makerOf = (code: string, { chunking, embedding }: Pick<LaneJob, 'chunking' | 'embedding'>): Maker => {
  const { strategy, chunk_size, chunk_overlap } = chunking
  const { provider, model, dimensions } = embedding
  return {
    code,
    chunker_revision: chunkerRevision,
    chunking: { strategy, chunk_size, chunk_overlap },
    embedding: { provider, model, dimensions },
    schemas,
  }
}

/** Notes a maker once; returns its id. */
export const noteMaker = async (client: PoolClient, maker: Maker): Promise<string> => {
  const json = JSON.stringify(maker)
  const id = hash('sha256', json).slice(0, 32)
  await client.query('insert into maker (id, made_by) values ($1, $2) on conflict do nothing', [id, json])
  return id
}
