import { BrokerError, type BrokerRecord, type OutgoingRecord } from '../broker.ts'

/** A transaction as the cluster keeps it. Its records are in the logs from the moment they are sent. */
export interface MemoryTransaction {
  readonly transactionalId: string
  state: 'open' | 'committed' | 'aborted'
  readonly logs: Set<MemoryLog>
  readonly offsets: { readonly group: string; readonly topic: string; readonly lane: number; readonly next: number }[]
}

interface Entry {
  readonly transaction: MemoryTransaction
  /** null is the marker that ends the transaction. */
  readonly record: BrokerRecord | null
}

export interface CommittedBatch {
  readonly next: number
  readonly records: readonly BrokerRecord[]
}

const recordLimitBytes = 8 * 1024 * 1024
const batchRecords = 500
const batchBytes = 1024 * 1024

/** The log of one lane, markers included, with what readers of committed records may see of it. */
export class MemoryLog {
  readonly topic: string
  readonly lane: number
  start = 0
  #entries: Entry[] = []
  readonly #readers = new Set<() => void>()

  constructor(topic: string, lane: number) {
    this.topic = topic
    this.lane = lane
  }

  get end(): number {
    return this.start + this.#entries.length
  }

  append(transaction: MemoryTransaction, records: readonly OutgoingRecord[], timestamp: number): void {
    for (const { key, value, headers = {} } of records) {
      if (value.length + key.length > recordLimitBytes)
        throw new BrokerError(
          'record_too_large',
          `A record of ${value.length} bytes is over the limit of ${this.topic}.`,
        )
      const record = { offset: this.end, key, value: Buffer.from(value), headers: { ...headers }, timestamp }
      this.#entries.push({ transaction, record })
    }
    transaction.logs.add(this)
  }

  /** Writes the marker; what the transaction held up becomes readable. */
  settle(transaction: MemoryTransaction): void {
    this.#entries.push({ transaction, record: null })
    for (const wake of this.#readers) wake()
  }

  deleteBefore(offset: number): void {
    if (offset > this.end)
      throw new BrokerError(
        'offset_out_of_range',
        `${this.topic} lane ${this.lane} ends at ${this.end}, before ${offset}.`,
      )
    if (offset <= this.start) return
    this.#entries.splice(0, offset - this.start)
    this.start = offset
  }

  /** Committed records from `first` on, up to the first open transaction. */
  read(first: number): CommittedBatch {
    const records: BrokerRecord[] = []
    let bytes = 0
    let next = first
    for (; next < this.end; next++) {
      const { transaction, record } = this.#entries[next - this.start]!
      if (transaction.state === 'open' || records.length >= batchRecords || bytes >= batchBytes) break
      if (!record || transaction.state === 'aborted') continue
      records.push(record)
      bytes += record.value.length
    }
    return { next, records }
  }

  /** `wake` is called when more may be readable; the way to end that comes back. */
  onReadable(wake: () => void): () => void {
    this.#readers.add(wake)
    return () => this.#readers.delete(wake)
  }
}
