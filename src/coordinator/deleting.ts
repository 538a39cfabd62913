import type { Follower } from '../kafka/broker.ts'
import { messageOf } from '../runtime/errors.ts'
import { intakeLetters } from '../schemas/names.ts'
import type { Batches } from './admission.ts'
import { lockAdmissions } from './admission-lock.ts'
import { carryOut } from './carry-out.ts'
import { JobRow } from './entities.ts'
import { IntakePartitionRow } from './intake-entities.ts'
import { transitions } from './job.ts'
import { lockJobs, transit } from './job-rows.ts'
import type { InTurn } from './serial.ts'
import type { Tenure } from './tenure.ts'
import { unreadEvents, upstreamEnds } from './upstream.ts'

export interface DeletingOptions {
  readonly inTurn: InTurn
  /** What follows from jobs that were ended; in turn. */
  act(): Promise<void>
  /** Runs work that need not be waited for. */
  beside(work: Promise<void>): void
  /** What else is read that names knowledge bases: dead letters and commands. */
  readonly followers: readonly Pick<Follower, 'caughtUp'>[]
  readonly signal: AbortSignal
  /** How long what cannot go on is left, in ms. */
  readonly againMs: number
}

interface Deletion {
  readonly id: string
  readonly kb_id: string
  readonly uploads_removed: boolean
}

/** Another coordinator has finished it: what is under its name now is not to be touched. */
class DeletionOver extends Error {
  override readonly name = 'DeletionOver'
  readonly code = 'deletion_over'
}

const rowsAtOnce = 1_000

/**
 * Deletes the knowledge bases that are marked. Their jobs are ended as users end them, so that no worker has anything of
 * them in flight; then all rows go, in short transactions beside the coordinator's turn, each of which holds the mark, so
 * that one that comes late finds it gone and touches nothing. What was published for the name before is read to its end
 * before the name is given back, with the mark, in one transaction. Each step may be repeated.
 */
export const createDeleting = (tenure: Tenure, options: DeletingOptions) => {
  const { inTurn, act, beside, signal, againMs } = options
  const running = new Set<string>()
  const notBefore = new Map<string, number>()
  const ends = new Map<string, ReadonlyMap<number, number>>()

  const carryOn = async (deletion: Deletion): Promise<void> => {
    const { id, kb_id } = deletion
    const about = { kb_id, operation: 'delete' }
    const batches = batchesOf(tenure, deletion, signal)
    try {
      await tenure.knowledgeBases.removeStored(kb_id, batches)
      const waiting = await waitsFor(deletion)
      await say(tenure, deletion, waiting)
      if (waiting !== null) return
      await caughtUp()
      await removeJobs(kb_id, batches)
      await inTurn(() => giveBack(tenure, deletion))
      ends.delete(id)
      tenure.log.info(about, 'knowledge base is deleted')
    } catch (error) {
      if (signal.aborted || error instanceof DeletionOver) return
      const message = messageOf(error)
      tenure.log.warn({ ...about, err: error }, `a knowledge base cannot be deleted yet: ${message}`)
      await say(tenure, deletion, message).catch(() => undefined)
    }
  }

  /** Its events that INTAKE has not read are taken for those of a knowledge base that is not there, not for a later one's. */
  const waitsFor = async ({ id, uploads_removed }: Deletion): Promise<string | null> => {
    if (!uploads_removed) return 'the API, which removes its uploads'
    const from = ends.get(id) ?? (await upstreamEnds(tenure))
    ends.set(id, from)
    return unreadEvents(tenure, from, signal)
  }

  const caughtUp = async (): Promise<void> => {
    const ended = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([Promise.all(options.followers.map(follower => follower.caughtUp())), ended])
    signal.throwIfAborted()
  }

  return {
    /** Ends what is to end, and goes on with what can go on. */
    async advance(): Promise<void> {
      if (await inTurn(() => endJobs(tenure))) await inTurn(act)
      for (const deletion of await ready(tenure)) {
        const { id } = deletion
        if (running.has(id) || performance.now() < (notBefore.get(id) ?? 0)) continue
        running.add(id)
        beside(
          carryOn(deletion).finally(() => {
            running.delete(id)
            notBefore.set(id, performance.now() + againMs)
          }),
        )
      }
    },
  }
}

/** Cancels the jobs of what is to be deleted, and gives up those that failed. True when there was one. */
const endJobs = ({ transaction }: Tenure): Promise<boolean> =>
  transaction(async (tx, now) => {
    const marked = await tx.execute<{ kb_id: string }[]>('select kb_id from knowledge_base_deletion')
    const kbId = { $in: marked.map(({ kb_id }) => kb_id) }
    const closing = await tx.nativeUpdate(JobRow, { kbId, status: 'failed', closedAt: null }, { closedAt: now })
    const unfinished = await tx.find(JobRow, { kbId, status: { $in: ['pending', 'running', 'paused'] } })
    const jobs = await lockJobs(
      tx,
      unfinished.map(({ id }) => id),
    )
    const taking = jobs.filter(({ state }) => transitions[state.status].cancel !== undefined)
    for (const job of taking) await carryOut(tx, job, transit(job, [{ type: 'cancel', at: now.getTime() }], now))
    return closing > 0 || taking.length > 0
  })

/** Those of which nothing is in flight any more: every job is over and has given up its lanes. */
const ready = ({ transaction }: Tenure): Promise<readonly Deletion[]> =>
  transaction(tx =>
    tx.execute<Deletion[]>(
      `select id, kb_id, uploads_removed from knowledge_base_deletion d where not exists (
         select from job j where j.kb_id = d.kb_id and (j.status in ('pending', 'running', 'paused')
           or (j.status = 'failed' and j.closed_at is null) or exists (select from lane l where l.job_id = j.id)))
       order by id`,
    ),
  )

const batchesOf = ({ apart }: Tenure, { id }: Deletion, signal: AbortSignal): Batches => {
  const repeat: Batches['repeat'] = async work => {
    for (let removed = 1; removed > 0; ) {
      signal.throwIfAborted()
      removed = await apart(async tx => {
        const mark = await tx.execute('select 1 from knowledge_base_deletion where id = ? for share', [id])
        if (mark.length === 0) throw new DeletionOver('The deletion is over.')
        return work(tx)
      })
    }
  }
  return {
    repeat,
    rows: (table, where, values) =>
      repeat(async tx => {
        const [found] = await tx.execute<{ gone: string }[]>(
          `with gone as (
             delete from ${table} where ctid = any(array(select ctid from ${table} where ${where} limit ?)) returning 1)
           select count(*) as gone from gone`,
          [...values, rowsAtOnce],
        )
        return Number(found!.gone)
      }),
  }
}

const say = (tenure: Tenure, { id }: Deletion, waitingFor: string | null): Promise<unknown> =>
  tenure.apart(tx =>
    tx.execute('update knowledge_base_deletion set waiting_for = ? where id = ? and waiting_for is distinct from ?', [
      ...[waitingFor, id, waitingFor],
    ]),
  )

/** The jobs go last: a record of theirs that comes late is of no job that is known, and is passed over. */
const removeJobs = async (kbId: string, { rows, repeat }: Batches): Promise<void> => {
  const theirs = 'job_id in (select id from job where kb_id = ?)'
  await rows('parked_event', 'kb_id = ?', [kbId])
  await rows('dead_letter', `${theirs} or (job_id = ? and kb_id = ?)`, [kbId, intakeLetters, kbId])
  await rows('replay_document', theirs, [kbId])
  await rows('command', theirs, [kbId])
  await repeat(async tx => {
    // Late work of theirs is an earlier run to whoever has the name next, and gives way.
    await tx.execute(
      'update admission set run_floor = greatest(run_floor, (select max(run) from job where kb_id = ?))',
      [kbId],
    )
    return 0
  })
  await rows('job', 'kb_id = ?', [kbId])
}

/** Gives the name back; what was admitted for it before the mark has ended, and nothing was after. */
const giveBack = ({ transaction, knowledgeBases }: Tenure, { id, kb_id }: Deletion): Promise<void> =>
  transaction(async tx => {
    await lockAdmissions(tx)
    const mark = await tx.execute('delete from knowledge_base_deletion where id = ? returning id', [id])
    if (mark.length === 0) throw new DeletionOver('The deletion is over.')
    const noHold = { heldKb: null, heldSince: null, message: null }
    await tx.nativeUpdate(IntakePartitionRow, { heldKb: kb_id }, noHold)
    await knowledgeBases.forget(tx, kb_id)
  })
