import type { Pool } from 'pg'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import { chunks, documents, loadRequests, type RecordOf, type rowsTopic } from '../../src/schemas/topics.ts'
import { FileOpener } from '../../src/sources/file-opener.ts'
import { sourceOpener } from '../../src/sources/open.ts'
import { chunking } from '../../src/stages/chunking.ts'
import { loading } from '../../src/stages/loading.ts'
import { vectorOf } from './embedding-server.ts'
import { type Tried, tryStage } from './run-stage.ts'
import { kindsOver } from './source-kinds.ts'

export interface ReferenceChunk {
  readonly chunkId: string
  readonly vector: Float32Array
}

/**
 * What a job has to come to, worked out one record after another by the stages alone: no broker, no runtime, no
 * database, nothing at once. Vectors are those of the embedding server of these tests.
 */
export const referenceOf = async (job: Partial<LaneJob>, root: string): Promise<readonly ReferenceChunk[]> => {
  const openSource = sourceOpener(kindsOver(new FileOpener({ roots: [root], maxBytes: 2 ** 26 })))
  const line = loading({ openSource, store: { listed: async () => new Set<string>() } })
  const found: ReferenceChunk[] = []
  const dimensions = job.embedding!.dimensions
  let request: RecordOf<typeof loadRequests> | undefined = {
    type: 'load_request',
    job_id: 'reference',
    seq: 0,
    source_index: 0,
    cursor: null,
    documents_before: 0,
  }
  while (request?.type === 'load_request') {
    const loaded: Tried<typeof documents | typeof rowsTopic | typeof loadRequests> = await tryStage(line, [request], {
      job,
    })
    for (const document of loaded.of(documents)) {
      const cut = await tryStage(chunking(), [document], { job })
      for (const chunk of cut.of(chunks))
        if (chunk.type === 'chunk') found.push({ chunkId: chunk.chunk_id, vector: vectorOf(chunk.text, dimensions) })
    }
    request = loaded.of(loadRequests)[0]
  }
  return found
}

/** Every visible chunk of a kb by its id, with its vector as the database shows it. */
export const storedVectors = async (pool: Pool, kb: string): Promise<string[]> => {
  const {
    rows: [base],
  } = await pool.query('select number from knowledge_base where id = $1', [kb])
  const { rows } = await pool.query<{ line: string }>(
    `select chunk_id || ' ' || c.embedding::text as line
     from chunks_${base.number} c join document d using (document_id)
     where d.kb_id = $1 and d.active_version = c.version`,
    [kb],
  )
  return rows.map(({ line }) => line).sort()
}

/** The reference in the same form. */
export const asStored = async (pool: Pool, reference: readonly ReferenceChunk[]): Promise<string[]> => {
  const { rows } = await pool.query<{ line: string }>(
    `select id || ' ' || vector::halfvec::text as line from unnest($1::text[], $2::text[]) r (id, vector)`,
    [reference.map(one => one.chunkId), reference.map(one => `[${one.vector.join(',')}]`)],
  )
  return rows.map(({ line }) => line).sort()
}
