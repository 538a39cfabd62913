import { finishSteps } from '../../src/coordinator/phases.ts'
import type { LaneJob } from '../../src/schemas/lane-control.ts'
import type { LoadRequest } from '../../src/schemas/load-request.ts'
import { chunks, documents, vectors } from '../../src/schemas/topics.ts'
import { laneJob } from '../kit/line.ts'
import { tryStage } from '../kit/run-stage.ts'
import { type Shape, sourceOf, submissionOf } from './shape.ts'
import { stagesOver, writing } from './stages.ts'

/** What a job has to come to, by kind of record, each document's in its order; and what each phase counts. */
export interface Reference {
  readonly documents: readonly string[]
  readonly chunks: readonly string[]
  readonly vectors: readonly string[]
  readonly writes: readonly string[]
  readonly rejects: number
  /** Phase to items and rejects. */
  readonly counts: Readonly<Record<string, readonly [number, number]>>
}

/** Tells records of a job apart, whatever their version. */
export const nameOf = (record: Readonly<Record<string, unknown>>): string =>
  record.type === 'document'
    ? `${record.uri}`
    : `${record.document_id} ${record.type === 'document_end' ? 'end' : record.position}`

const known = new Map<string, Promise<Reference>>()

/** Worked out by the stages alone, one record after another: no broker, no runtime, nothing at once. */
export const referenceOf = (shape: Shape, kb: string): Promise<Reference> => {
  const key = JSON.stringify([kb, shape.sources, shape.bad])
  const found = known.get(key) ?? workOut(shape, kb)
  known.set(key, found)
  return found
}

const workOut = async (shape: Shape, kb: string): Promise<Reference> => {
  const [loading, chunking, embedding] = stagesOver({ call: async () => undefined })
  const job = jobOf(shape, kb)
  const made = { documents: [] as string[], chunks: [] as string[], vectors: [] as string[], writes: [] as string[] }
  const counts = {
    LOADING: [0, 0],
    CHUNKING: [0, 0],
    EMBEDDING: [0, 0],
    INDEXING: [0, 0],
    FINISHING: [finishSteps.length, 0],
  } satisfies Record<string, [number, number]>
  const writer = writing((_, record) => made.writes.push(nameOf(record)))

  for (const request of await requestsOf(job)) {
    const loaded = await tryStage(loading, [request], { job })
    counts.LOADING[0] += loaded.counted
    counts.LOADING[1] += loaded.rejects.length
    for (const document of loaded.of(documents)) {
      made.documents.push(nameOf(document))
      const pieces = await tryStage(chunking, [document], { job })
      counts.CHUNKING[0] += 1
      for (const chunk of pieces.of(chunks)) {
        made.chunks.push(nameOf(chunk))
        const embedded = await tryStage(embedding, [chunk], { job })
        counts.EMBEDDING[0] += chunk.type === 'chunk' ? 1 : 0
        counts.EMBEDDING[1] += embedded.rejects.length
        for (const vector of embedded.of(vectors)) {
          if (vector.type === 'end_mark') continue
          made.vectors.push(nameOf(vector))
          const refused = await writer.write(job, [vector])
          counts.INDEXING[0] += vector.type === 'vector' ? 1 : 0
          counts.INDEXING[1] += refused.size
        }
      }
    }
  }
  const rejects = Object.values(counts).reduce((sum, [, rejected]) => sum + rejected, 0)
  return { ...made, counts, rejects }
}

const jobOf = (shape: Shape, kb_id: string): LaneJob => {
  const { sources, chunking, embedding } = submissionOf(shape, kb_id)
  return laneJob({ kb_id, sources: sources.map(one => JSON.stringify(one)), chunking, embedding })
}

/** A request for each bite, as the sources themselves say: what LOADING asks for next is not believed. */
const requestsOf = async (job: LaneJob): Promise<readonly LoadRequest[]> => {
  const { signal } = new AbortController()
  const found: LoadRequest[] = []
  for (const source_index of job.sources.keys())
    for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
      const { job_id } = job
      found.push({ type: 'load_request', job_id, seq: found.length, source_index, cursor, documents_before: 0 })
      cursor = (await sourceOf(job, source_index).source.bite(cursor, signal)).next
    }
  return found
}
