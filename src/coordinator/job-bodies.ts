/** Parts of the status of a job, as the API shows them. */

/** A pause or a cancel that was asked for, and how far it is: done when every lane of every stage has acknowledged. */
export interface HoldBody {
  readonly requested_at: string
  /** Lanes of stages whose worker has said, or for whom the coordinator has proven, that nothing is in flight. */
  readonly acknowledged: number
  readonly expected: number
  /** What is waited for; `worker` is null where no worker owns the lane. */
  readonly missing: readonly { readonly stage: string; readonly lane: number; readonly worker: string | null }[]
}

/** How far a stream is behind. Its progress, in per cent, is the share of what came that can be searched; it may fall. */
export interface StreamBody {
  /** Events and documents that LOADING and CHUNKING have not done, as far as they were reported. */
  readonly unfinished_documents: number
  /** Chunks that are not stored yet. */
  readonly unfinished_chunks: number
  /** Events that wait in the database for the stream to have a lane. */
  readonly parked_events: number
}

/** When the job will be done, as a range; `docs/DESIGN.md` says how it is made. */
export interface EtaBody {
  readonly earliest: string
  readonly expected: string
  readonly latest: string
}

export interface FailureBody {
  readonly code: string
  readonly message: string
  readonly phase: string | null
  readonly lane: number | null
}
