import type { Reject } from './errors.ts'

/**
 * The port to a store that a stage writes to: an effect happens once although Kafka and the store cannot commit
 * together. The store keeps `applied(job, stage, lane, next_offset, fence)` and moves it in the effect's transaction.
 */
export interface Effects<W> {
  /** Takeover: adds one to the fence of the row and returns the claim; writers with an older claim are refused from now on. */
  claim(job: string, stage: string, lane: number): Promise<Claim>
  /**
   * Runs `work` and moves the row to `next`, in one transaction. Records below the row's offset were applied before
   * and are not passed on. The rejects of the range come back, those of earlier deliveries included, by offset.
   * Throws `fenced` when the claim is no longer the newest.
   */
  apply(
    claim: Claim,
    first: number,
    next: number,
    work: (writer: W, from: number) => Promise<readonly EffectReject[]>,
  ): Promise<readonly EffectReject[]>
}

export interface Claim {
  readonly job: string
  readonly stage: string
  readonly lane: number
  readonly fence: number
}

/** A record that the store had to refuse, kept with the applied row so that a redelivery reports it again. */
export interface EffectReject {
  readonly offset: number
  readonly code: string
  readonly message: string
  /** Of a part of the record, while the rest of it was stored. */
  readonly uri?: string
}

/** A part of a record that the store refused, while the rest of it was stored. */
export interface RefusedPart {
  readonly uri: string
  readonly reject: Reject
}
