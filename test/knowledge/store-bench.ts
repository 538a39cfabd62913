import { afterAll, beforeAll } from 'vitest'
import type { Database } from '../../src/database.ts'
import { createCatalogue, knowledgeBases } from '../../src/knowledge/catalogue.ts'
import type { KnowledgeStore, SearchQuery } from '../../src/knowledge/knowledge-base.ts'
import { createKnowledgeStore } from '../../src/knowledge/pgvector.ts'
import { migrateUp } from '../../src/migrate.ts'
import type { Claim, EffectReject } from '../../src/runtime/effects.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { TestDatabase } from '../kit/databases.ts'
import { jobOf, recordsOf, type Written } from './records.ts'

type Records = ReturnType<typeof recordsOf>

export type StoreBench = ReturnType<typeof useStore>

/** A store on a database of its own, and what tests do with it. Call it once in a `describe`. */
export const useStore = (open: () => Promise<TestDatabase>) => {
  let database: Database
  let store: KnowledgeStore
  let opened: TestDatabase
  let bases = 0

  beforeAll(async () => {
    opened = await open()
    database = opened.database
    store = createKnowledgeStore({ ...database, indexFrom: 50 })
    await migrateUp(database)
  })
  afterAll(() => opened?.close())

  /** A new knowledge base and its first run. */
  const newBase = async (): Promise<LaneJob> => {
    const job = jobOf(`kb-${bases++}`)
    await database.orm.em
      .fork()
      .transactional(tx =>
        knowledgeBases.create(tx, { kb_id: job.kb_id, embedding: job.embedding, chunking: job.chunking }),
      )
    return job
  }
  const claimOf = (job: LaneJob, lane = 0) => store.claim(job.job_id, 'indexing', lane)

  /** Applies records as a slice that starts at `first`; what is below `from` is left out, as the runtime does. */
  const apply = (claim: Claim, job: LaneJob, first: number, records: Records) =>
    store.apply(claim, first, first + records.length, async (writer, from) => {
      const rejects = await writer.write(job, records.slice(from - first))
      return [...rejects].map(([i, { code, message }]): EffectReject => ({ offset: from + i, code, message }))
    })
  /** Writes documents in one slice of a lane of their own. */
  let lanes = 100
  const write = async (job: LaneJob, ...documents: readonly Written[]) =>
    apply(
      await claimOf(job, lanes++),
      job,
      0,
      documents.flatMap(document => recordsOf(job, document)),
    )

  const query = (job: LaneJob, changes: Partial<SearchQuery>): SearchQuery => ({
    kb: job.kb_id,
    mode: 'text',
    text: '',
    vector: new Float32Array([1, 0, 0, 0]),
    topK: 10,
    filters: {},
    ...changes,
  })
  const found = async (job: LaneJob, text: string) => (await store.search(query(job, { text }))).map(hit => hit.text)
  const rowsOf = async (job: LaneJob): Promise<number> => {
    const [kb] = (await database.pool.query('select number from knowledge_base where id = $1', [job.kb_id])).rows
    return Number((await database.pool.query(`select count(*) from chunks_${kb.number}`)).rows[0].count)
  }
  const documentOf = async (job: LaneJob, uri: string) => {
    const page = await createCatalogue(database.orm.em).documents(job.kb_id, { limit: 100, after: null })
    return page?.documents.find(document => document.uri === uri) ?? null
  }

  return {
    get database() {
      return database
    },
    get store() {
      return store
    },
    newBase,
    claimOf,
    apply,
    write,
    query,
    found,
    rowsOf,
    documentOf,
  }
}
