import type { JobState } from './jobs.ts'

export { intakeLetters } from '../schemas/names.ts'

/** The port by which the API shows dead letters and works them off. Bodies are those of the API (snake_case). */
export interface DeadLetters {
  /** The commonest causes of a job first, at most `limit` of them, each with examples. */
  groups(jobId: string, limit: number): Promise<readonly DeadLetterGroup[]>
  /** Single ones in a stable order, those after the cursor `after`. */
  list(jobId: string, filter: DeadLetterFilter): Promise<DeadLetterPage>
  /** What a replay of this selection would load, and what it would not; null when there is no such job. */
  plan(jobId: string, selection: Selection, edits: readonly Edit[]): Promise<ReplayPlan | null>
  /** Admits a job that loads the documents of the selection again, and marks their dead letters, in one transaction. */
  replay(jobId: string, request: ReplayRequest): Promise<ReplayAdmission>
  /** Gives up the open dead letters of a selection: their inputs are deleted. Returns how many they were. */
  discard(jobId: string, selection: Selection): Promise<number>
}

/**
 * `open`: waits for somebody; `replayed`: a replay took it up, whatever became of it there; `discarded`: given up. One
 * whose replay was cancelled, or failed for good, is open again.
 */
export type DeadLetterState = 'open' | 'replayed' | 'discarded'

/** Rejected inputs of a job by cause. */
export interface DeadLetterGroup {
  readonly stage: string
  readonly code: string
  /** All of them, whatever became of them. */
  readonly count: number
  readonly open: number
  readonly examples: readonly { readonly uri: string | null; readonly message: string }[]
}

/** Dead letters of one job; what is left out selects all. */
export interface Selection {
  readonly stage?: string | undefined
  readonly code?: string | undefined
  readonly document_ids?: readonly string[] | undefined
  readonly uris?: readonly string[] | undefined
}

export interface DeadLetterFilter {
  readonly stage?: string | undefined
  readonly code?: string | undefined
  readonly document_id?: string | undefined
  readonly uri?: string | undefined
  readonly state?: DeadLetterState | undefined
  readonly limit: number
  readonly after: string | null
}

export interface DeadLetterPage {
  readonly dead_letters: readonly DeadLetter[]
  /** Goes into `after` for the next page; null on the last. */
  readonly next: string | null
}

export interface DeadLetter {
  readonly stage: string
  readonly code: string
  readonly message: string
  /** How often the record was tried. */
  readonly attempts: number
  readonly state: DeadLetterState
  readonly replay_job_id: string | null
  readonly uri: string | null
  readonly document_id: string | null
  readonly trace_id: string | null
  /** Where the rejected record was read. */
  readonly topic: string
  readonly lane: number
  readonly offset: number
  /** The rejected record, where it could be read and is kept whole; bytes in it are base64. */
  readonly input: Readonly<Record<string, unknown>> | null
  /** Its first bytes as base64, where it could not be read or is larger than what is kept. */
  readonly payload: string | null
  readonly created_at: string
}

/** What a document is made of. */
export interface DocumentContent {
  readonly title: string
  readonly media_type: string
  readonly metadata: Readonly<Record<string, string>>
  readonly text: string
}

/** The content that a replay is to load for a document, in place of what its source has. */
export interface Edit extends DocumentContent {
  readonly document_id: string
}

/** A document to load again. */
export interface ReplayDocument {
  readonly document_id: string
  readonly uri: string
  /** Which of `ReplayPlan.sources`. */
  readonly source_index: number
  readonly dead_letters: number
  readonly edited: DocumentContent | null
  /** As it was when it was rejected: loaded where its source has it no more. null where it is not kept whole. */
  readonly stored: DocumentContent | null
}

export interface ReplayPlan {
  readonly job_id: string
  readonly kb_id: string
  readonly sources: readonly { readonly type: string; readonly [key: string]: unknown }[]
  readonly documents: readonly ReplayDocument[]
  /** Open dead letters that these documents have. */
  readonly dead_letters: number
  /** Dead letters that name no document, or one whose source the job does not have: they can only be discarded. */
  readonly not_replayable: number
  /** Dead letters of documents that a later run has loaded completely: nothing is left to do but to discard them. */
  readonly superseded: number
  /** Documents of the selection beyond the most that one replay takes. */
  readonly left: number
  /** Edits of documents that are not in the selection. */
  readonly unknown_edits: readonly string[]
}

export interface ReplayRequest {
  readonly select: Selection
  readonly edits: readonly Edit[]
  /** The most that LOADING reads in a second. */
  readonly documents_per_second: number
  readonly parallelism: number
  readonly priority: number
}

export type ReplayAdmission =
  | {
      readonly outcome: 'accepted'
      readonly job_id: string
      readonly kb_id: string
      readonly status: JobState
      readonly documents: number
      readonly dead_letters: number
      readonly not_replayable: number
      readonly superseded: number
      readonly left: number
    }
  | { readonly outcome: 'no_job' }
  /** The kb has an unfinished replay. */
  | { readonly outcome: 'conflict'; readonly job_id: string; readonly status: JobState }
  /** The kb is being deleted. */
  | { readonly outcome: 'deleting' }
  | { readonly outcome: 'queue_full'; readonly retry_after_s: number }
  /** The selection has nothing that could be loaded again. */
  | { readonly outcome: 'nothing'; readonly not_replayable: number; readonly superseded: number }
  | { readonly outcome: 'unknown_edits'; readonly document_ids: readonly string[] }
