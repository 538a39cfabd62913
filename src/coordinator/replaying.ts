import type { EntityManager } from '@mikro-orm/postgresql'
import { type AdmissionOptions, admit, type KnowledgeBases } from './admission.ts'
import { lockAdmissions } from './admission-lock.ts'
import type { ReplayAdmission, ReplayDocument, ReplayPlan, ReplayRequest } from './dead-letters.ts'
import { ReplayDocumentRow } from './entities.ts'
import type { Submission } from './jobs.ts'
import { letters, selected, stateOf } from './open-letters.ts'
import { type PlanOptions, planReplay } from './replay-plan.ts'

export interface ReplayOptions extends AdmissionOptions, PlanOptions {}

/**
 * Admits a job that loads the documents of open dead letters again, always whole, or says why not. In one transaction
 * the job is there, its list of documents, and the mark on their dead letters; so each is replayed once, whoever asks.
 */
export const replay = async (
  options: ReplayOptions,
  jobId: string,
  request: ReplayRequest,
): Promise<ReplayAdmission> => {
  const admission = await options.em.fork().transactional(async (tx): Promise<ReplayAdmission> => {
    await lockAdmissions(tx)
    const plan = await planReplay(tx, options, jobId, request.select, request.edits)
    if (!plan) return { outcome: 'no_job' }
    const { documents, dead_letters, not_replayable, superseded, left } = plan
    if (plan.unknown_edits.length > 0) return { outcome: 'unknown_edits', document_ids: plan.unknown_edits }
    if (documents.length === 0) return { outcome: 'nothing', not_replayable, superseded }
    const admitted = await admit(tx, options, await submissionOf(tx, options.knowledgeBases, plan, request))
    if (admitted.outcome === 'settings_conflict') throw new Error(admitted.message)
    if (admitted.outcome === 'taken' || admitted.outcome === 'key_reused')
      throw new Error(`The replay of ${jobId} was refused with ${admitted.outcome}.`)
    if (admitted.outcome !== 'accepted') return admitted
    await listDocuments(tx, admitted.job_id, documents)
    await mark(tx, jobId, admitted.job_id, documents)
    return { ...admitted, documents: documents.length, dead_letters, not_replayable, superseded, left }
  })
  if (admission.outcome === 'accepted') options.nudge?.()
  return admission
}

const submissionOf = async (
  tx: EntityManager,
  knowledgeBases: KnowledgeBases,
  { job_id, kb_id, sources, documents }: ReplayPlan,
  { documents_per_second, parallelism, priority }: ReplayRequest,
): Promise<Submission> => {
  const settings = await knowledgeBases.get(tx, kb_id)
  if (!settings) throw new Error(`Job ${job_id} has no knowledge base ${kb_id}.`)
  const replay = { of: job_id, documents: documents.length, documents_per_second }
  return { kb_id, sources, ...settings, parallelism, priority, replay }
}

const atOnce = 1_000
const batches = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / atOnce) }, (_, i) => all.slice(i * atOnce, (i + 1) * atOnce))

const listDocuments = async (tx: EntityManager, jobId: string, documents: readonly ReplayDocument[]): Promise<void> => {
  // Of replays that are over.
  await forgetReplays(tx)
  const rows = [...Map.groupBy(documents, ({ source_index }) => source_index).values()].flatMap(ofSource =>
    ofSource.map(({ source_index: sourceIndex, document_id: documentId, uri, edited, stored }, number) => ({
      ...{ jobId, sourceIndex, number, documentId, uri, edited, stored },
    })),
  )
  for (const batch of batches(rows)) await tx.insertMany(ReplayDocumentRow, [...batch])
}

/** Deletes the lists of replays that are over. */
export const forgetReplays = (tx: EntityManager): Promise<unknown> =>
  tx.execute(
    `delete from replay_document where job_id in (
       select id from job where status in ('completed', 'cancelled') or closed_at is not null)`,
  )

const mark = async (
  tx: EntityManager,
  jobId: string,
  replayId: string,
  documents: readonly ReplayDocument[],
): Promise<void> => {
  for (const batch of batches(documents)) {
    const { sql, values } = selected(jobId, { document_ids: batch.map(({ document_id }) => document_id) })
    await tx.execute(
      `update dead_letter set replay_job_id = ?
       where (lane, position) in (select l.lane, l.position from ${letters} where ${sql} and ${stateOf} = 'open')`,
      [replayId, ...values],
    )
  }
}
