/**
 * The port to Kafka: what the runtime and the coordinator need of a broker, and nothing else. Two adapters pass one
 * contract suite: `kafkajs.ts` on a real broker, `memory.ts` in the process. Values are bytes here; schemas are above.
 *
 * Words: a *lane* is a partition; `next` is the offset after the last record of something.
 */

/** A committed record. Offsets are numbers: a partition stays below 2^53 records. */
export interface BrokerRecord {
  readonly offset: number
  readonly key: string
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly timestamp: number
}

export interface OutgoingRecord {
  readonly key: string
  readonly value: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** How a topic is made. `compacted` keeps the last value of each key. */
export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  readonly compacted: boolean
  /** Milliseconds; -1 keeps records until they are deleted. */
  readonly retentionMs: number
  /** Other systems write it, compressed as they like: the broker keeps it in a compression that is read here. */
  readonly fromUpstream?: boolean
}

export interface Broker {
  /** An opaque, stable name of the cluster; a database remembers the one it belongs to. */
  clusterId(): Promise<string>

  /** Creates what is missing and adds partitions where there are fewer; never shrinks. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>

  /** Earliest record still kept and the offset the next record will get. */
  range(topic: string, lane: number): Promise<{ readonly start: number; readonly end: number }>

  /** The offset a group has committed for a lane, or null if it never did. */
  committed(group: string, topic: string, lane: number): Promise<number | null>

  /**
   * Who owns which lane of a group's topic, by the name the member joined with. null while the group rebalances, when
   * nobody can say. A member that is frozen owns its lanes until its session ends.
   */
  owners(group: string, topic: string): Promise<ReadonlyMap<number, string> | null>

  /** Deletes records below `before`. */
  deleteRecords(topic: string, lane: number, before: number): Promise<void>

  /**
   * Makes this caller the only holder of a transactional id. When it returns, the open transaction of any earlier
   * holder is resolved and that holder can commit nothing more.
   */
  fence(transactionalId: string): Promise<Transactor>

  /**
   * Joins a consumer group on one topic. Every lane it is given starts paused; nothing of a lane is delivered until
   * `resume`. Positions are set by `seek` alone.
   */
  join(options: JoinOptions): Promise<Membership>

  /**
   * Reads lanes from stated offsets without a group, for ever: committed records only, in order within a lane.
   * For topics that are state (`control`) or whose position is kept elsewhere (`progress`).
   */
  follow(options: FollowOptions): Promise<Follower>

  /** Closes every connection. Memberships, followers and transactors end with it. Calling it twice is fine. */
  close(): Promise<void>
}

export interface JoinOptions {
  readonly group: string
  readonly topic: string
  /**
   * Called synchronously with each assignment, before the first fetch, with the whole set of lanes now owned.
   * `epoch` grows with every assignment; a record of an older epoch is never delivered after the call.
   */
  assigned(lanes: readonly number[], epoch: number): void
  /** Called when the assignment ends (rebalance, crash, stop): all work in hand is to be dropped. */
  revoked(): void
  /** Committed records of one lane, in order, ending before `next` (which counts aborted ones and markers). Returns at once. */
  records(batch: LaneBatch): void
  /** The membership cannot go on by itself; the process should end. */
  failed(error: Error): void
}

export interface LaneBatch {
  readonly lane: number
  readonly epoch: number
  /** The position this batch was fetched from: where the one before it ended, or the last `seek`. */
  readonly first: number
  readonly next: number
  readonly records: readonly BrokerRecord[]
}

export interface Membership {
  /** The next record delivered for this lane is the first at or after `offset`; what was queued is dropped. */
  seek(lane: number, offset: number): void
  /** No further batch of this lane is delivered until `resume`, save one that is on its way. */
  pause(lanes: readonly number[]): void
  resume(lanes: readonly number[]): void
  /** Milliseconds (monotonic) since the group coordinator last heard from this member with success. */
  silentMs(): number
  readonly sessionTimeoutMs: number
  /** Leaves the group. */
  leave(): Promise<void>
}

export interface FollowOptions {
  readonly topic: string
  /** Lane to the first offset wanted. Past the end waits; below what is kept fails with `offset_out_of_range`. */
  readonly from: ReadonlyMap<number, number>
  /** Called for one lane at a time; the follower waits for the promise before it delivers more. */
  records(batch: LaneBatch): Promise<void> | void
  failed(error: Error): void
}

export interface Follower {
  /** Resolves when every record that was committed before the call has been delivered and its handler has ended. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
}

/**
 * The holder of a transactional id. Any error of `begin`, or of anything in its transaction, ends it: it must be
 * closed and the id fenced anew; whether a commit that threw took effect is told by `committed` after that.
 */
export interface Transactor {
  begin(): Promise<BrokerTransaction>
  close(): Promise<void>
}

export interface BrokerTransaction {
  /** Sends in sequential batches of at most 1 MB. Never call it concurrently. */
  send(topic: string, lane: number, records: readonly OutgoingRecord[]): Promise<void>
  /** The group's position in a lane becomes `next` with this transaction. At least one `send` goes before it. */
  commitOffset(group: string, topic: string, lane: number, next: number): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
}

/** What a broker refuses, by code; the cause is the client's own error. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: BrokerErrorCode
  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type BrokerErrorCode =
  | 'fenced'
  | 'offset_out_of_range'
  | 'record_too_large'
  | 'unknown_topic'
  | 'unsupported_broker'
  | 'unreachable'
  /** The broker does not take the name and the password. */
  | 'authentication_failed'
  /** Its certificate is not trusted. */
  | 'untrusted_certificate'
  /** Only one of the two speaks TLS, or the broker wants another certificate of the client. */
  | 'tls_mismatch'
  | 'closed'
  | 'transaction_failed'
