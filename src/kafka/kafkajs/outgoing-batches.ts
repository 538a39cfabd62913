import type { OutgoingRecord } from '../broker.ts'

/** One record batch of one lane, as a Produce request takes it. */
export interface OutgoingBatch {
  readonly topic: string
  readonly lane: number
  readonly messages: readonly OutgoingRecord[]
}

/** What goes to the broker at once: Kafka refuses a batch over its limit whole, so a slice is never one batch. */
const maxBytes = 1_000_000
const perRecordBytes = 32

const sizeOf = ({ key, value, headers }: OutgoingRecord): number => {
  let size = perRecordBytes + key.length * 3 + value.length
  for (const name in headers) size += 8 + (name.length + headers[name]!.length) * 3
  return size
}

/** Collects the records of a transaction, a batch a lane, until together they reach 1 MB. */
export class OutgoingBatches {
  #lanes = new Map<string, { topic: string; lane: number; messages: OutgoingRecord[] }>()
  #bytes = 0

  /** A record over the limit goes alone; the broker's own limit judges it. */
  fits(record: OutgoingRecord): boolean {
    return this.#bytes === 0 || this.#bytes + sizeOf(record) <= maxBytes
  }

  add(topic: string, lane: number, record: OutgoingRecord): void {
    const key = `${topic}/${lane}`
    const batch = this.#lanes.get(key)
    if (batch) batch.messages.push(record)
    else this.#lanes.set(key, { topic, lane, messages: [record] })
    this.#bytes += sizeOf(record)
  }

  take(): readonly OutgoingBatch[] {
    const batches = [...this.#lanes.values()]
    this.#lanes = new Map()
    this.#bytes = 0
    return batches
  }
}
