import type { Phase } from '../schemas/names.ts'
import type { EtaBody, FailureBody, HoldBody, StreamBody } from './job-bodies.ts'
import type { ScheduledSource } from './schedules.ts'

/** The port by which the API starts and sees jobs. Bodies are those of the API (snake_case), so nothing is mapped twice. */
export interface Jobs {
  /** Admits a job, or says why not; creates the kb if it is new. One database transaction. */
  submit(request: Submission, once?: Once | null): Promise<Admission>
  /** What became of a request that was admitted before; null where it was not. */
  submitted(once: Once): Promise<Admission | null>
  get(jobId: string): Promise<JobStatus | null>
  /** The newest run of a kb; its newest stream where it has had no run. */
  ofKnowledgeBase(kbId: string): Promise<JobStatus | null>
  /**
   * Jobs that match, the newest first; null where `after` is no job's. What is admitted meanwhile is newer than every
   * page that follows, so a reader of all pages sees each job once that there was when it began.
   */
  list(filter: JobFilter): Promise<JobPage | null>
  /** Asks something of a job. What is accepted here is applied in the order of acceptance. */
  command(request: CommandRequest): Promise<CommandOutcome>
}

/** A request that may come again and is to be carried out once: for a day its key gives the job that it was admitted as. */
export interface Once {
  /** As the caller made it up. */
  readonly key: string
  /** SHA-256 of what was asked for. */
  readonly digest: string
}

/** What may be asked of a job after its start. */
export const verbs = ['pause', 'resume', 'cancel', 'retry'] as const
export type Verb = (typeof verbs)[number]

export interface CommandRequest {
  readonly kb_id: string
  /** One job of the kb; its newest run unless given, or its newest stream where it has had no run. */
  readonly job_id?: string | undefined
  readonly verb: Verb
  /** One phase, or null for the whole job. `cancel` is for the whole job alone. */
  readonly phase: Phase | null
}

export type CommandOutcome =
  | { readonly outcome: 'accepted'; readonly job_id: string; readonly kb_id: string; readonly status: JobState }
  /** The kb has had no job, or not this one. */
  | { readonly outcome: 'no_job' }
  /** The state of the job forbids it; `message` is a sentence that names the state and says what can be done. */
  | { readonly outcome: 'refused'; readonly job_id: string; readonly status: JobState; readonly message: string }

/** A validated request: sources, chunking and embedding have passed their schemas and have their defaults. */
export interface Submission {
  readonly kb_id: string
  readonly sources: readonly { readonly type: string; readonly [key: string]: unknown }[]
  readonly chunking: {
    readonly strategy: 'markdown' | 'recursive' | 'fixed'
    readonly chunk_size: number
    readonly chunk_overlap: number
  }
  /** The request left the chunking open: a knowledge base that is there has the last word. Not kept with the job. */
  readonly chunking_open?: true
  readonly embedding: { readonly provider: 'hashing' | 'openai'; readonly model: string; readonly dimensions: number }
  /** Lanes the job asks for; fixed at admission. */
  readonly parallelism: number
  readonly priority: number
  /** Per cent of the documents of a source that its sweep may remove, where it is not what is set. */
  readonly delete_guard?: number
  /** What becomes of the schedules of its sources; not kept with the job. */
  readonly schedule?: readonly ScheduledSource[]
  /** Of a replay alone. */
  readonly replay?: Replay
  /** W3C trace context of the request that asks for it, where it has one. */
  readonly traceparent?: string
}

/**
 * A run loads sources; a replay loads again the documents of dead letters; a stream loads what upstream systems publish,
 * without end. A kb has one unfinished job of each kind.
 */
export type JobKind = 'run' | 'replay' | 'stream'

export interface Replay {
  /** The job whose dead letters they were. */
  readonly of: string
  readonly documents: number
  readonly documents_per_second: number
}

export type Admission =
  | { readonly outcome: 'accepted'; readonly job_id: string; readonly kb_id: string; readonly status: JobState }
  /** The kb has an unfinished job of this kind. */
  | { readonly outcome: 'conflict'; readonly job_id: string; readonly status: JobState }
  /** The knowledge base is another tenant's. */
  | { readonly outcome: 'taken' }
  /** The knowledge base is being deleted. */
  | { readonly outcome: 'deleting' }
  /** The key of the request was that of another one. */
  | { readonly outcome: 'key_reused' }
  /** The kb exists with another embedding: its vectors cannot be mixed with these. */
  | { readonly outcome: 'settings_conflict'; readonly message: string }
  | { readonly outcome: 'queue_full'; readonly retry_after_s: number }

export interface JobFilter {
  readonly kb_id?: string | undefined
  readonly status?: JobState | undefined
  readonly kind?: JobKind | undefined
  readonly limit: number
  /** `next` of the page before; null for the first. */
  readonly after: string | null
}

export interface JobPage {
  readonly jobs: readonly JobStatus[]
  /** The last job of the page, which goes into `after` for the next; null on the last page. */
  readonly next: string | null
}

export type JobState = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type PhaseState = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

/** `GET /ingest/{job_id}` and `GET /api/ingestion/kb/{id}/status`. Times are ISO 8601 in UTC. */
export interface JobStatus {
  readonly job_id: string
  readonly kb_id: string
  readonly kind: JobKind
  /** null for other kinds. */
  readonly replay: Replay | null
  /** null for other kinds. */
  readonly stream: StreamBody | null
  readonly status: JobState
  /** The last phase that has begun. */
  readonly phase: string | null
  /** 0 to 100. */
  readonly progress: number
  readonly message: string | null
  readonly waiting_for: string | null
  readonly error: FailureBody | null
  readonly metrics: {
    readonly documents: number
    /** Of tables. */
    readonly rows: number
    readonly chunks: number
    readonly rejected: number
    readonly bytes: number
    /** Since the start, over the phases' own counts; null before there is ground for a rate. */
    readonly documents_per_second: number | null
    readonly chunks_per_second: number | null
  }
  /** null where there is no ground for one: nothing has moved yet, a source does not know its size, or the job stands. */
  readonly eta: EtaBody | null
  /** A pause, of the job or of phases, that is in force or asked for; null without one. */
  readonly pause: HoldBody | null
  /** A cancel that is under way; null without one and after its end. */
  readonly cancel: HoldBody | null
  readonly lanes: readonly number[]
  readonly submitted_at: string
  readonly started_at: string | null
  readonly completed_at: string | null
  readonly phase_details: readonly PhaseDetail[]
}

export interface PhaseDetail {
  readonly name: string
  readonly status: PhaseState
  readonly progress: number
  readonly items_processed: number
  readonly items_total: number | null
  readonly items_rejected: number
  /** Of late; null while nothing moves. */
  readonly items_per_second: number | null
  readonly started_at: string | null
  readonly completed_at: string | null
  readonly error: FailureBody | null
}
