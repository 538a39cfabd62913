import type { Broker, BrokerRecord, Transactor } from '../kafka/broker.ts'
import { failpoint } from '../runtime/failpoint.ts'
import type { Slice } from '../runtime/lane-queue.ts'
import type { SliceTrace } from '../runtime/tracing.ts'
import { intake } from '../schemas/names.ts'
import { deadLetters, upstreamDocuments } from '../schemas/topics.ts'
import { expiredCode, expiredLetter } from './expired.ts'
import type { PartitionWorkerOptions } from './options.ts'
import { readEvent } from './read-event.ts'
import { type Arrived, type Routed, route, streamLanes } from './routing.ts'
import { traced } from './traced.ts'

export interface TenureOptions extends PartitionWorkerOptions {
  readonly transactor: Transactor
  readonly claim: { readonly fence: number; readonly parked: ReadonlySet<string> }
}

const topic = upstreamDocuments.name

/** The group whose offset says which parked records of a knowledge base have gone to its lane: one a knowledge base. */
export const unparked = (kbId: string): string => `${intake}.unparked.${kbId}`

/** Where a partition goes on; `expired` where retention has deleted what comes before it, unread. */
export const startPosition = async (broker: Pick<Broker, 'range' | 'committed'>, partition: number) => {
  const from = (await broker.committed(intake, topic, partition)) ?? 0
  const { start } = await broker.range(topic, partition)
  return from >= start ? { position: from, expired: null } : { position: start, expired: { from, to: start } }
}

/**
 * What INTAKE does with a partition between two takeovers. A slice is one Kafka transaction {events in the lanes of their
 * streams, dead letters, consumed offset}. What is parked is committed to the database before that: if the transaction
 * does not come about, the next claim forgets it.
 */
export class IntakeTenure {
  readonly #options: TenureOptions
  readonly #parked: Set<string>
  #full: string | null = null
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(options: TenureOptions) {
    this.#options = options
    this.#parked = new Set(options.claim.parked)
  }

  /** True while records are parked. */
  get waits(): boolean {
    return this.#parked.size > 0
  }

  /** Resolves when `control` has changed, after a while, or when the signal aborts. */
  async change(withinMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const unfollow = this.#options.gate.onChange(() => resolve())
    const timer = setTimeout(resolve, withinMs)
    const abort = () => resolve()
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) resolve()
    await promise
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    unfollow()
  }

  /**
   * Parked records go to the lanes that their streams have got, in the order in which they came. How far they have gone is
   * a Kafka offset of the same transaction; their rows go afterwards. Nothing of their knowledge base overtakes them.
   */
  async unpark(): Promise<void> {
    const { broker, parking, partition } = this.#options
    await this.#askAgain()
    for (const kb of [...this.#parked]) {
      if (!this.#streams().has(kb)) continue
      let next = (await broker.committed(unparked(kb), topic, partition)) ?? 0
      while (this.#streams().has(kb)) {
        const records = await parking.oldest(partition, kb)
        const last = records.at(-1)
        if (!last) {
          this.#parked.delete(kb)
          break
        }
        const fresh = records.filter(({ offset }) => offset >= next)
        if (fresh.length > 0) {
          const arrived = await this.#read(fresh)
          const gone = await traced(this.#options, arrived, async trace => {
            const routed = route(arrived, {
              ...this.#routing(),
              trace,
              parked: new Set(),
              rooms: new Map(),
            })
            if (routed.taken < fresh.length || !this.#streams().has(kb)) return false
            await this.#commit(routed, unparked(kb), last.offset + 1)
            return true
          })
          if (!gone) break
          next = last.offset + 1
        }
        await parking.forget(partition, kb, last.offset + 1)
      }
    }
  }

  /** A stream may not have been admitted because the queue was full. */
  async #askAgain(): Promise<void> {
    const streams = this.#streams()
    const waiting = [...this.#parked].filter(kb => !streams.has(kb))
    if (waiting.length === 0 || performance.now() - this.#askedAt < this.#options.askMs) return
    this.#askedAt = performance.now()
    await this.#options.parking.ask(waiting)
  }

  /** Deals with a slice as far as there is room; returns what is left of it. */
  async route(slice: Slice): Promise<{ readonly left: Slice | null; readonly moved: boolean }> {
    const arrived = await this.#read(slice.records)
    return traced(this.#options, arrived, trace => this.#routeArrived(slice, arrived, trace))
  }

  async #routeArrived(slice: Slice, arrived: readonly Arrived[], trace: SliceTrace) {
    const { parking, partition, claim } = this.#options
    const streams = this.#streams()
    const kbs = new Set(arrived.flatMap(({ read }) => ('event' in read ? [read.kbId] : [])))
    const without = [...kbs].filter(kb => this.#parked.has(kb) || !streams.has(kb))
    const rooms = without.length > 0 ? await parking.ask(without) : new Map()
    const routed = route(arrived, { ...this.#routing(), trace, streams, parked: this.#parked, rooms })
    const { taken, parks, full } = routed
    if (parks.length > 0) await parking.park(partition, claim.fence, parks)
    await failpoint('slice.transformed', { stage: intake, lane: partition })
    for (const { kbId } of parks) this.#parked.add(kbId)
    await this.#tellFull(full)
    if (taken === 0 && full !== null) return { left: slice, moved: false }
    const next = slice.records[taken]?.offset ?? slice.next
    await this.#commit(routed, intake, next)
    const left = full === null ? null : { first: next, next: slice.next, records: slice.records.slice(taken) }
    return { left, moved: true }
  }

  /** What retention has deleted before it was read is named, once, with the offset that goes on behind it. */
  async tellExpired({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    const { codec, partition, lanes, log } = this.#options
    const { record, message } = expiredLetter({ codec, partition, from, to })
    log.error({ lane: partition, from, to }, message)
    const sends = [{ topic: deadLetters.name, lane: partition % lanes, record }]
    await this.#commit({ sends, codes: [expiredCode] }, intake, to)
  }

  async #tellFull(full: string | null): Promise<void> {
    const { parking, partition, log } = this.#options
    if (full === this.#full) return
    this.#full = full
    if (full === null) {
      log.info({ lane: partition }, `partition ${partition} of ${topic} goes on`)
      return parking.hold(partition, null)
    }
    const message = `Partition ${partition} of ${topic} stands: as many events of '${full}' are parked as may, and its stream has no lane.`
    log.warn({ lane: partition, kb_id: full }, message)
    await parking.hold(partition, { kbId: full, message })
  }

  #streams() {
    return streamLanes(this.#options.gate.all())
  }

  #routing() {
    const { codec, partition, lanes } = this.#options
    return { codec, partition, lanes, streams: this.#streams() }
  }

  async #read(records: readonly BrokerRecord[]): Promise<readonly Arrived[]> {
    const { codec, partition } = this.#options
    await codec.prepare(records.map(({ value }) => value))
    return records.map(record => ({ record, read: readEvent(record, codec, partition) }))
  }

  async #commit({ sends, codes }: Pick<Routed, 'sends' | 'codes'>, group: string, next: number): Promise<void> {
    const { transactor, partition, meter } = this.#options
    const transaction = await transactor.begin()
    for (const { topic: to, lane, record } of sends) await transaction.send(to, lane, [record])
    await transaction.commitOffset(group, topic, partition, next)
    await failpoint('slice.ready', { stage: intake, lane: partition })
    await transaction.commit()
    if (codes.length > 0) meter?.rejected(codes)
    await failpoint('slice.committed', { stage: intake, lane: partition })
  }
}
