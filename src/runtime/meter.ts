/** What a committed slice did, for who counts it. */
export interface SliceCount {
  readonly stage: string
  readonly kbId: string
  readonly model: string
  /** From taking the slice to having committed it. */
  readonly seconds: number
  /** Documents that passed, counted with their last part; of LOADING those that it found. */
  readonly documents: number
  readonly chunksIn: number
  readonly chunksOut: number
  /** Chunks that got a vector. */
  readonly embedded: number
  /** Of each reject. */
  readonly codes: readonly string[]
}

/** Told of what workers do; it keeps what it wants of it, and never throws. */
export interface StageMeter {
  /**
   * A slice was committed. Each is told once at most: one whose commit was in doubt is not told, although it may have taken
   * effect.
   */
  sliceDone(slice: SliceCount): void
  /** A slice is tried again, without burning an attempt (`wait`) or with; or it holds its job (`fail`). */
  failed(stage: string, code: string, kind: 'retry' | 'wait' | 'fail'): void
}
