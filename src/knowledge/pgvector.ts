import type { Pool } from 'pg'
import { createEffects } from './applied.ts'
import { copyChunks, insertChunks } from './chunk-writers.ts'
import { finish } from './finishing-steps.ts'
import type { KnowledgeStore } from './knowledge-base.ts'
import { createKnowledgeWriter } from './knowledge-writer.ts'
import { listed } from './listing.ts'
import { search } from './search.ts'

export interface KnowledgeStoreOptions {
  readonly pool: Pool
  /** True for the embedded database, which takes no COPY. */
  readonly embedded: boolean
  /** Rows of a knowledge base from which FINISHING builds a vector index. */
  readonly indexFrom?: number
  /** Per cent of the documents of a source that its sweep may remove, where the job does not say. */
  readonly deleteGuard?: number
  /** The version of Penstock, kept with what it stores. */
  readonly code?: string
}

/** About where an exact search takes 50 ms on one core. */
export const defaultIndexFrom = 20_000

export const defaultDeleteGuard = 20

/** The store of knowledge bases in PostgreSQL with pgvector. It does not own the pool. */
export const createKnowledgeStore = ({
  pool,
  embedded,
  indexFrom = defaultIndexFrom,
  deleteGuard = defaultDeleteGuard,
  code = 'unknown',
}: KnowledgeStoreOptions): KnowledgeStore => {
  const writeChunks = embedded ? insertChunks : copyChunks
  const finishing = { pool, embedded, indexFrom, deleteGuard }
  return {
    ...createEffects({ pool, embedded, writerOf: client => createKnowledgeWriter(client, writeChunks, code) }),
    finish: (job, step, signal) => finish(finishing, job, step, signal),
    listed: (job, found, listing) => listed(pool, job, found, listing),
    search: query => search(pool, query),
  }
}
