import { randomUUID } from 'node:crypto'
import { UniqueConstraintViolationException } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { eventsSource } from '../schemas/identity.ts'
import { defaultTenant } from '../schemas/tenants.ts'
import { lockAdmissions } from './admission-lock.ts'
import { CommandRow, JobRow } from './entities.ts'
import { newJob, shownStatus } from './job-state.ts'
import type { Admission, JobKind, Once, Submission } from './jobs.ts'
import { branchesOf } from './phases.ts'
import { saveSchedules } from './schedule-rows.ts'
import { admittedAs, remember } from './submission-keys.ts'

/** What admission needs of the stored knowledge bases; each call is part of the admission's transaction. */
export interface KnowledgeBases {
  get(tx: EntityManager, kbId: string): Promise<Pick<Submission, 'embedding' | 'chunking'> | null>
  create(tx: EntityManager, kb: Pick<Submission, 'kb_id' | 'embedding' | 'chunking'>): Promise<void>
  setChunking(tx: EntityManager, kbId: string, chunking: Submission['chunking']): Promise<void>
  /** The tenant whose it is; null while its name is free. */
  ownerOf(tx: EntityManager, kbId: string): Promise<string | null>
  /** Makes it a tenant's; false where it is another's. */
  claim(tx: EntityManager, kbId: string, tenant: string): Promise<boolean>
  /** True while it is being deleted: it gets no jobs any more. */
  isDeleting(tx: EntityManager, kbId: string): Promise<boolean>
  /** Removes what is stored of it, in short transactions; safe to repeat. */
  removeStored(kbId: string, batches: Batches): Promise<void>
  /** Gives its name back, once all else of it is gone. */
  forget(tx: EntityManager, kbId: string): Promise<void>
}

/** Short transactions, each of which ends the work with an error once nobody wants it any more. */
export interface Batches {
  /** Deletes the rows of a table that meet a condition with `?` for its values. */
  rows(table: string, where: string, values: readonly string[]): Promise<void>
  /** Repeats `work` until it has removed nothing; what it returns is how much. */
  repeat(work: (tx: EntityManager) => Promise<number>): Promise<void>
}

export interface AdmissionOptions {
  readonly em: EntityManager
  readonly knowledgeBases: KnowledgeBases
  /** How many jobs may wait to be started. */
  readonly queueDepth: number
  /** Called after a job was admitted: a coordinator in this process need not wait for its next look. */
  nudge?(): void
}

/** For whom a job is admitted, and as which request. */
export interface Asker {
  /** Whose knowledge base it may be; null for those who work for all, such as the coordinator. */
  readonly tenant: string | null
  readonly once: Once | null
  /** That of a record of `job.commands`. */
  readonly commandId: string | null
}
const anybody: Asker = { tenant: null, once: null, commandId: null }

const retryAfterSeconds = 30
const unfinished = ['pending', 'running', 'paused'] as const
const kindOf = ({ replay, sources }: Submission): JobKind => {
  if (replay) return 'replay'
  return sources[0]?.type === eventsSource ? 'stream' : 'run'
}
/** A failed stream has events in its lanes that no source would give again: it goes on, or is cancelled, before the next. */
const inTheWay = (kind: JobKind) => (kind === 'stream' ? [...unfinished, 'failed' as const] : [...unfinished])

/**
 * Admits a job, or says why not, in one transaction. Admissions go one after the other (they lock one row), so the
 * queue is never past its depth; the unique index on unfinished jobs stands behind that.
 */
export const submit = async (
  options: AdmissionOptions,
  request: Submission,
  asker: Partial<Asker> = {},
): Promise<Admission> => {
  const admission = await options.em
    .fork()
    .transactional(tx => admit(tx, options, request, asker))
    .catch(error => {
      if (!(error instanceof UniqueConstraintViolationException)) throw error
      return conflict(options.em.fork(), request).then(found => {
        if (!found) throw error
        return found
      })
    })
  if (admission.outcome === 'accepted') options.nudge?.()
  return admission
}

/** The same as part of a transaction. */
export const admit = async (
  tx: EntityManager,
  { knowledgeBases, queueDepth }: Pick<AdmissionOptions, 'knowledgeBases' | 'queueDepth'>,
  request: Submission,
  asker: Partial<Asker> = {},
): Promise<Admission> => {
  const { tenant, once, commandId } = { ...anybody, ...asker }
  await lockAdmissions(tx)
  const known = once && (await admittedAs(tx, tenant ?? defaultTenant, once))
  if (known) return known
  const owner = await knowledgeBases.ownerOf(tx, request.kb_id)
  if (tenant !== null && owner !== null && owner !== tenant) return { outcome: 'taken' }
  if (await knowledgeBases.isDeleting(tx, request.kb_id)) return { outcome: 'deleting' }
  const found = await conflict(tx, request)
  if (found) return found
  const { kb_id, embedding } = request
  const kb = await knowledgeBases.get(tx, kb_id)
  const chunking = request.chunking_open && kb ? kb.chunking : request.chunking
  if (kb && (kb.embedding.model !== embedding.model || kb.embedding.dimensions !== embedding.dimensions))
    return { outcome: 'settings_conflict', message: settingsConflict(kb_id, kb.embedding, embedding) }
  if ((await tx.count(JobRow, { status: 'pending' })) >= queueDepth)
    return { outcome: 'queue_full', retry_after_s: retryAfterSeconds }

  if (!kb) {
    if (!(await knowledgeBases.claim(tx, kb_id, owner ?? tenant ?? defaultTenant))) return { outcome: 'taken' }
    await knowledgeBases.create(tx, { kb_id, embedding, chunking })
  } else if (JSON.stringify(kb.chunking) !== JSON.stringify(chunking))
    await knowledgeBases.setChunking(tx, kb_id, chunking)
  const [earlier] = await tx.execute<{ run: string }[]>(
    `select coalesce(max(run), (select run_floor from admission), 0) as run from job where kb_id = ?`,
    [kb_id],
  )
  // A failed job of this kb and kind gives way: the coordinator takes its lanes back, and it can no longer be retried.
  await tx.execute(
    `update job set closed_at = now() where kb_id = ? and kind = ? and status = 'failed' and closed_at is null`,
    [kb_id, kindOf(request)],
  )
  const { schedule, chunking_open: _, ...submission } = { ...request, chunking }
  const state = newJob(branchesOf(request))
  const job = tx.create(JobRow, {
    id: randomUUID(),
    kbId: kb_id,
    kind: kindOf(request),
    status: shownStatus(state.status),
    submission,
    state,
    run: Number(earlier?.run ?? 0) + 1,
    priority: request.priority,
  })
  await tx.flush()
  tx.create(CommandRow, { jobId: job.id, verb: 'start', commandId })
  await tx.flush()
  if (schedule) await saveSchedules(tx, request)
  if (once) await remember(tx, tenant ?? defaultTenant, once, job.id)
  return { outcome: 'accepted', job_id: job.id, kb_id, status: job.status }
}

const conflict = async (em: EntityManager, request: Submission): Promise<Admission | null> => {
  const kind = kindOf(request)
  const one = { kbId: request.kb_id, kind, status: { $in: inTheWay(kind) } }
  const job = await em.findOne(JobRow, one)
  return job && { outcome: 'conflict', job_id: job.id, status: job.status }
}

const settingsConflict = (kb: string, old: Submission['embedding'], asked: Submission['embedding']): string =>
  `Knowledge base '${kb}' was made with ${old.model} in ${old.dimensions} dimensions; vectors of ${asked.model} in ` +
  `${asked.dimensions} cannot be mixed with them. Use its embedding, or another knowledge base.`
