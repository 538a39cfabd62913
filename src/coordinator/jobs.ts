/** The port by which the API starts and sees jobs. Bodies are those of the API (snake_case), so nothing is mapped twice. */
export interface Jobs {
  /** Admits a job, or says why not; creates the kb if it is new. One database transaction. */
  submit(request: Submission): Promise<Admission>
  get(jobId: string): Promise<JobStatus | null>
  /** The newest job of a kb. */
  ofKnowledgeBase(kbId: string): Promise<JobStatus | null>
  list(filter: JobFilter): Promise<readonly JobStatus[]>
  deadLetters(jobId: string, limit: number): Promise<readonly DeadLetterGroup[]>
}

/** A validated request: sources, chunking and embedding have passed their schemas and have their defaults. */
export interface Submission {
  readonly kb_id: string
  readonly sources: readonly { readonly type: string; readonly [key: string]: unknown }[]
  readonly chunking: {
    readonly strategy: 'markdown' | 'recursive' | 'fixed'
    readonly chunk_size: number
    readonly chunk_overlap: number
  }
  readonly embedding: { readonly provider: 'hashing' | 'openai'; readonly model: string; readonly dimensions: number }
  /** Lanes the job asks for; fixed at admission. */
  readonly parallelism: number
  readonly priority: number
}

export type Admission =
  | { readonly outcome: 'accepted'; readonly job_id: string; readonly kb_id: string; readonly status: JobState }
  /** The kb has an unfinished job of this kind. */
  | { readonly outcome: 'conflict'; readonly job_id: string; readonly status: JobState }
  /** The kb exists with another embedding: its vectors cannot be mixed with these. */
  | { readonly outcome: 'settings_conflict'; readonly message: string }
  | { readonly outcome: 'queue_full'; readonly retry_after_s: number }

export interface JobFilter {
  readonly kb_id?: string
  readonly status?: JobState
  readonly limit: number
}

export type JobState = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type PhaseState = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

export interface FailureBody {
  readonly code: string
  readonly message: string
  readonly phase: string | null
  readonly lane: number | null
}

/** `GET /ingest/{job_id}` and `GET /api/ingestion/kb/{id}/status`. Times are ISO 8601 in UTC. */
export interface JobStatus {
  readonly job_id: string
  readonly kb_id: string
  readonly kind: 'run'
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
    readonly chunks: number
    readonly rejected: number
    readonly bytes: number
    /** Since the start, over the phases' own counts; null before there is ground for a rate. */
    readonly documents_per_second: number | null
    readonly chunks_per_second: number | null
  }
  readonly eta: null
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
  readonly started_at: string | null
  readonly completed_at: string | null
  readonly error: FailureBody | null
}

/** Rejected inputs of a job, grouped by cause. */
export interface DeadLetterGroup {
  readonly stage: string
  readonly code: string
  readonly count: number
  readonly examples: readonly { readonly uri: string | null; readonly message: string }[]
}
