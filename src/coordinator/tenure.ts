import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from 'pino'
import type { Broker, Transactor } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { LaneJob } from '../schemas/lane-control.ts'
import type { KnowledgeBases } from './admission.ts'
import type { Submission } from './jobs.ts'

/** Removes what the store remembers of slices of jobs that are over; a forgotten worker is refused from then on. */
export type ForgetApplied = (tx: EntityManager, jobIds: readonly string[]) => Promise<void>

/** What a coordinator asks of the store. */
export interface CoordinatorStore {
  readonly forgetApplied: ForgetApplied
  /** Takes a lane of a stage with an effect from whoever had it: a write that was begun before can no longer commit. */
  claim(jobId: string, stage: string, lane: number): Promise<void>
  /** Removes what a job has half written: versions that never became visible, and those that others have replaced. */
  discard(job: LaneJob, signal: AbortSignal): Promise<void>
  /** Does for a stream, which has no end, what FINISHING does for others: removes old versions, builds indexes. */
  tidy(job: LaneJob, signal: AbortSignal): Promise<void>
}

/** What a coordinator needs to take commands by Kafka, as the API takes them. */
export interface CoordinatorDoor {
  readonly knowledgeBases: KnowledgeBases
  readonly queueDepth: number
  /** Checks the body of a start, as JSON, as the API does; a refusal has the API's code and sentence. */
  readRequest(kbId: string, json: string): Promise<Submission | Refusal>
}

export interface Refusal {
  readonly refused: { readonly code: string; readonly message: string }
}

/** What a coordinator works with while it is the active one. */
export interface Tenure extends CoordinatorStore, CoordinatorDoor {
  readonly epoch: number
  readonly broker: Broker
  readonly codec: Codec
  readonly log: Logger
  /** Holder of the transactional id `coordinator`, fenced after the lease was taken. */
  readonly transactor: Transactor
  /** Lanes that jobs may be given: 0 to this, exclusive. */
  readonly lanes: number
  /** Partitions of `upstream.documents`. */
  readonly upstreamPartitions: number
  /** How many jobs may be running at once. */
  readonly concurrency: number
  /** One transaction under the lease; throws LeaseLost when another has taken over. `now` is the database's. */
  transaction<T>(work: (tx: EntityManager, now: Date) => Promise<T>): Promise<T>
  /** One transaction that keeps nobody from the lease, for work that is safe to do whoever holds it. */
  apart<T>(work: (tx: EntityManager) => Promise<T>): Promise<T>
}
