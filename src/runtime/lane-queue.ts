import type { BrokerRecord, LaneBatch } from '../kafka/broker.ts'

/** What a stage takes at once from one lane; the unit of transaction. Slices of a lane touch: `first` is the last one's `next`. */
export interface Slice {
  readonly first: number
  readonly next: number
  readonly records: readonly BrokerRecord[]
}

/** May change between two slices. */
export interface SliceLimits {
  readonly records: number
  readonly bytes: number
}

const fullBytes = 4 * 1024 * 1024

/** The batches of one lane between their delivery and their work, since one takeover. */
export class LaneQueue {
  readonly #limits: SliceLimits
  #batches: LaneBatch[] = []
  #records = 0
  #bytes = 0
  /** Where the next slice starts, and where the next batch must start. */
  #position: number
  #expected: number
  #wake: (() => void) | null = null

  constructor(position: number, limits: SliceLimits) {
    this.#position = position
    this.#expected = position
    this.#limits = limits
  }

  /** False when the batch does not start where the last one ended: it is refused. */
  push(batch: LaneBatch): boolean {
    if (batch.first !== this.#expected) return false
    this.#expected = batch.next
    this.#batches.push(batch)
    this.#records += batch.records.length
    for (const { value } of batch.records) this.#bytes += value.length
    if (batch.records.length > 0) this.#wake?.()
    return true
  }

  /** Two slices or 4 MiB are waiting: the lane need not be fetched for now. */
  get full(): boolean {
    return this.#records >= 2 * this.#limits.records || this.#bytes >= fullBytes
  }

  /** The next slice, of one record at least; rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<Slice> {
    while (this.#records === 0) await this.#delivery(signal)
    signal.throwIfAborted()
    const first = this.#position
    const records: BrokerRecord[] = []
    let bytes = 0
    let batch = this.#batches[0]
    while (batch) {
      const taken = this.#countOf(batch, records.length, bytes)
      for (const record of batch.records.slice(0, taken)) {
        records.push(record)
        bytes += record.value.length
      }
      if (taken < batch.records.length) {
        const rest = batch.records.slice(taken)
        this.#batches[0] = { ...batch, first: rest[0]!.offset, records: rest }
        if (records.length > 0) this.#position = records.at(-1)!.offset + 1
        break
      }
      this.#position = batch.next
      this.#batches.shift()
      batch = this.#batches[0]
    }
    this.#records -= records.length
    this.#bytes -= bytes
    return { first, next: this.#position, records }
  }

  #countOf(batch: LaneBatch, before: number, bytesBefore: number): number {
    let bytes = bytesBefore
    let count = 0
    for (const { value } of batch.records) {
      bytes += value.length
      const full = before + count >= this.#limits.records || bytes > this.#limits.bytes
      if (full && before + count > 0) break
      count++
    }
    return count
  }

  async #delivery(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#wake = resolve
    try {
      await promise
    } finally {
      this.#wake = null
      signal.removeEventListener('abort', abort)
    }
  }
}
