import { BrokerError, type LaneBatch } from '../broker.ts'
import type { MemoryCluster } from './cluster.ts'
import type { MemoryLog } from './log.ts'

export interface LaneReaderOptions {
  readonly cluster: MemoryCluster
  readonly log: MemoryLog
  /** True for a reader that waits for a log to reach its position. */
  readonly waitsPastEnd: boolean
  deliver(batch: Omit<LaneBatch, 'epoch'>): Promise<void> | void
  failed(error: Error): void
}

/** Delivers the committed records of one lane from a position on, one batch at a time, never inside a call of its owner. */
export class LaneReader {
  readonly #options: LaneReaderOptions
  readonly #forget: () => void
  #position: number | null = null
  #paused = true
  #busy = false
  #due = false
  #closed = false

  constructor(options: LaneReaderOptions) {
    this.#options = options
    this.#forget = options.log.onReadable(() => this.#schedule())
  }

  seek(offset: number): void {
    this.#position = offset
    this.#schedule()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    this.#forget()
  }

  #schedule(): void {
    if (this.#due || this.#busy || this.#paused || this.#position === null) return
    this.#due = true
    this.#options.cluster.defer(() => {
      this.#due = false
      this.#deliver().catch(error => this.#fail(error))
    })
  }

  async #deliver(): Promise<void> {
    const { log, waitsPastEnd, deliver } = this.#options
    const first = this.#position
    if (this.#closed || this.#paused || this.#busy || first === null) return
    if (first < log.start || (first > log.end && !waitsPastEnd))
      throw new BrokerError(
        'offset_out_of_range',
        `Records of ${log.topic} lane ${log.lane} are gone: the reader stands at ${first}, ${log.start} to ${log.end} is kept.`,
      )
    if (first > log.end) return
    const { next, records } = log.read(first)
    if (next === first) return
    this.#position = next
    const handled = deliver({ lane: log.lane, first, next, records })
    if (handled) {
      this.#busy = true
      await handled
      this.#busy = false
    }
    this.#schedule()
  }

  #fail(error: Error): void {
    if (this.#closed) return
    this.close()
    this.#options.failed(error)
  }
}
