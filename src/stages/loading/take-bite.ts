import type { KnowledgeStore } from '../../knowledge/knowledge-base.ts'
import { documentId } from '../../schemas/identity.ts'
import type { LaneJob } from '../../schemas/lane-control.ts'
import type { LoadRequest } from '../../schemas/load-request.ts'
import { type Bite, isGone, type Source } from '../../sources/source.ts'
import { type Found, foundAs } from './records.ts'

export interface TakenBite {
  readonly bite: Bite
  /** Of each of its documents, in order. */
  readonly found: readonly Found[]
  /** Ids of documents that need go no further. */
  readonly unchanged: ReadonlySet<string>
}

export interface TakeOptions {
  readonly job: LaneJob
  /** Of the source. */
  readonly id: string
  readonly store: Pick<KnowledgeStore, 'listed'>
  readonly signal: AbortSignal
}

/**
 * Takes a bite and tells the store what was found and how far the listing is; what is gone was not found. Where the
 * source takes a document for unchanged that the store has in another form, or no more, the bite is taken anew.
 */
export const takeBite = async (
  source: Source,
  { cursor, source_index: index }: Pick<LoadRequest, 'cursor' | 'source_index'>,
  { job, id, store, signal }: TakeOptions,
): Promise<TakenBite> => {
  for (const anew of [false, true]) {
    const bite = await source.bite(cursor, signal, { anew })
    const found = bite.documents.map(one => foundAs(one, job.kb_id, id))
    const same = (bite.unchanged ?? []).map(one => ({
      ...one,
      documentId: documentId(job.kb_id, id, one.uri),
      source: id,
    }))
    const there = found.filter((_, i) => !isGone(bite.documents[i]!))
    const unchanged = await store.listed(job, [...there, ...same], {
      ...{ index, source: id, first: cursor === null, ended: bite.next === null, unlisted: bite.unlisted ?? [] },
    })
    if (same.every(one => unchanged.has(one.documentId))) return { bite, found, unchanged }
  }
  throw new Error(`The source ${id} takes documents for unchanged although it was told to read them.`)
}
