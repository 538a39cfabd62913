import type { FollowOptions, LaneBatch } from './broker.ts'

interface Waiter {
  readonly ends: Map<number, number>
  resolve(): void
  reject(error: Error): void
}

/** What both adapters' followers share: batches are handled one at a time, and who waits is told how far that came. */
export class FollowProgress {
  readonly #options: FollowOptions
  readonly #ended: (error: Error) => void
  readonly #handled: Map<number, number>
  readonly #waiters = new Set<Waiter>()
  #turn: Promise<void> = Promise.resolve()
  #end: Error | null = null

  /** `ended` is called once, with what ended the follower: a failure, or whatever `end` was given. */
  constructor(options: FollowOptions, ended: (error: Error) => void) {
    this.#options = options
    this.#ended = ended
    this.#handled = new Map(options.from)
  }

  handle(batch: Omit<LaneBatch, 'epoch'>): Promise<void> {
    this.#turn = this.#turn.then(() => this.#handle(batch))
    return this.#turn
  }

  /** Resolves when all that is before these ends has been handled; rejects when the follower ends first. */
  async reach(findEnds: () => Promise<ReadonlyMap<number, number>>): Promise<void> {
    if (this.#end) throw this.#end
    const ends = new Map(await findEnds())
    for (const [lane, end] of ends) if (this.#handled.get(lane)! >= end) ends.delete(lane)
    if (this.#end) throw this.#end
    if (ends.size === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.add({ ends, resolve, reject })
    await promise
  }

  fail(error: Error): void {
    if (this.#end) return
    this.end(error)
    this.#options.failed(error)
  }

  end(error: Error): void {
    if (this.#end) return
    this.#end = error
    for (const { reject } of this.#waiters) reject(error)
    this.#waiters.clear()
    this.#ended(error)
  }

  async #handle(batch: Omit<LaneBatch, 'epoch'>): Promise<void> {
    if (this.#end) return
    try {
      await this.#options.records({ ...batch, epoch: 0 })
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    this.#handled.set(batch.lane, batch.next)
    for (const waiter of this.#waiters) {
      if (batch.next >= (waiter.ends.get(batch.lane) ?? Number.POSITIVE_INFINITY)) waiter.ends.delete(batch.lane)
      if (waiter.ends.size > 0) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }
}
