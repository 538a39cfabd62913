import type { EventArgs, EventSubscriber, TransactionEventArgs } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { JobRow } from './entities.ts'
import type { JobState } from './jobs.ts'

/** A job was admitted (`from` is null), or has another status. */
export interface JobChange {
  readonly job: Pick<JobRow, 'id' | 'kbId' | 'kind' | 'submission' | 'startedAt' | 'completedAt'>
  readonly from: JobState | null
  readonly to: JobState
}

/**
 * Tells of every job that this process admits or moves, once the transaction that did it has committed, whichever way
 * it came about; what was rolled back is not told.
 */
export const onJobChanges = (em: EntityManager, tell: (change: JobChange) => void): void => {
  em.getEventManager().registerSubscriber(new JobChanges(tell))
}

class JobChanges implements EventSubscriber<JobRow> {
  readonly #tell: (change: JobChange) => void
  /** By the transaction's own entity manager. */
  readonly #waiting = new WeakMap<object, JobChange[]>()

  constructor(tell: (change: JobChange) => void) {
    this.#tell = tell
  }

  getSubscribedEntities() {
    return [JobRow]
  }

  afterCreate({ em, entity }: EventArgs<JobRow>): void {
    this.#wait(em, { job: entity, from: null, to: entity.status })
  }

  afterUpdate({ em, entity, changeSet }: EventArgs<JobRow>): void {
    const to = changeSet?.payload.status as JobState | undefined
    if (to === undefined) return
    this.#wait(em, { job: entity, from: (changeSet?.originalEntity?.status as JobState | undefined) ?? null, to })
  }

  afterTransactionCommit({ em }: TransactionEventArgs): void {
    for (const change of this.#waiting.get(em) ?? []) this.#tell(change)
    this.#waiting.delete(em)
  }

  afterTransactionRollback({ em }: TransactionEventArgs): void {
    this.#waiting.delete(em)
  }

  #wait(em: object, change: JobChange): void {
    const { id, kbId, kind, submission, startedAt, completedAt } = change.job
    const job = { id, kbId, kind, submission, startedAt, completedAt }
    this.#waiting.set(em, [...(this.#waiting.get(em) ?? []), { ...change, job }])
  }
}
