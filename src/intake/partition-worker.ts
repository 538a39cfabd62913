import { setTimeout as delay } from 'node:timers/promises'
import type { LaneBatch } from '../kafka/broker.ts'
import { codeOf, messageOf } from '../runtime/errors.ts'
import { assertHeard } from '../runtime/heard.ts'
import { LaneQueue, type Slice } from '../runtime/lane-queue.ts'
import { intake, transactionalId } from '../schemas/names.ts'
import type { PartitionWorkerOptions } from './options.ts'
import { IntakeTenure, startPosition } from './tenure.ts'

/** What a partition gives at once; nothing waits until it is as much. */
const limits = { records: 500, bytes: 2 * 1024 * 1024 }

/**
 * Works one partition of `upstream.documents` for as long as this member owns it: takeover, then slice after slice. Every
 * error leads to takeover, without end: there is no job that could fail by it.
 */
export class PartitionWorker {
  readonly #options: PartitionWorkerOptions
  #queue: LaneQueue | null = null
  #busy = false
  #epoch: number | null = null
  #ending = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: PartitionWorkerOptions) {
    this.#options = options
  }

  /** Starts or ends the work; `null` where the partition is not this member's. */
  follow(epoch: number | null): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#begin()
  }

  deliver(batch: LaneBatch): void {
    const queue = this.#queue
    if (!queue) return
    if (!queue.push(batch)) this.#begin()
    else if (queue.full && !this.#busy) {
      this.#busy = true
      this.#options.membership().pause([this.#options.partition])
    }
  }

  /** Resolves when nothing of it is in flight. */
  async end(): Promise<void> {
    this.follow(null)
    await this.#running
  }

  #begin(): void {
    this.#ending.abort()
    this.#queue = null
    if (this.#epoch === null) return
    this.#ending = new AbortController()
    const { signal } = this.#ending
    this.#running = this.#running.then(() => this.#work(signal))
  }

  async #work(ending: AbortSignal): Promise<void> {
    const { partition, log } = this.#options
    for (let failures = 0; !ending.aborted; ) {
      try {
        await this.#hold(ending, () => {
          failures = 0
        })
      } catch (error) {
        if (ending.aborted) return
        failures++
        this.#options.meter?.retried()
        const about = { lane: partition, code: codeOf(error), err: error }
        log.warn(about, `INTAKE takes partition ${partition} over again: ${messageOf(error)}`)
        await delay(Math.min(5_000, 50 * 2 ** Math.min(failures, 7)), undefined, { signal: ending }).catch(
          () => undefined,
        )
      }
    }
  }

  /**
   * One takeover and the work after it until it ends or fails. The claim comes before the fence: a worker that is given up
   * between the two finds its claim passed before it deletes what another has parked and committed.
   */
  async #hold(ending: AbortSignal, succeeded: () => void): Promise<void> {
    const { partition, broker, gate, parking } = this.#options
    const membership = this.#options.membership()
    assertHeard(membership)
    const fence = await parking.claim(partition)
    const transactor = await broker.fence(transactionalId(intake, partition))
    try {
      await gate.readToEnd()
      const { position, expired } = await startPosition(broker, partition)
      ending.throwIfAborted()
      const parked = await parking.goOn(partition, fence, position)
      const tenure = new IntakeTenure({ ...this.#options, transactor, claim: { fence, parked } })
      if (expired) await tenure.tellExpired(expired)
      const queue = new LaneQueue(position, limits)
      this.#queue = queue
      this.#busy = false
      membership.seek(partition, position)
      membership.resume([partition])
      for (let rest: Slice | null = null; ; ) {
        await tenure.unpark()
        rest ??= await this.#take(queue, tenure, ending)
        if (rest === null) continue
        const { left, moved } = await tenure.route(rest)
        rest = left
        if (moved) succeeded()
        if (left) await tenure.change(this.#options.askMs, ending)
      }
    } finally {
      this.#queue = null
      membership.pause([partition])
      await transactor.close()
    }
  }

  /** The next slice; null where the parked ones may have got a lane meanwhile. */
  async #take(queue: LaneQueue, tenure: IntakeTenure, ending: AbortSignal): Promise<Slice | null> {
    const changed = new AbortController()
    const taken = new AbortController()
    const watching = tenure.waits
      ? tenure.change(this.#options.askMs, AbortSignal.any([ending, taken.signal])).then(() => changed.abort())
      : Promise.resolve()
    try {
      return await queue.take(AbortSignal.any([ending, changed.signal]))
    } catch (error) {
      if (ending.aborted || !changed.signal.aborted) throw error
      return null
    } finally {
      taken.abort()
      await watching
      this.#relieve(queue)
    }
  }

  #relieve(queue: LaneQueue): void {
    if (!this.#busy || queue.full) return
    this.#busy = false
    this.#options.membership().resume([this.#options.partition])
  }
}
