import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Broker, LaneBatch, Membership } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import { progressTopic, type Topic } from '../schemas/topics.ts'
import type { Effects } from './effects.ts'
import { codeOf, messageOf } from './errors.ts'
import type { Gate } from './gate.ts'
import { LaneQueue } from './lane-queue.ts'
import { judge, type RetryPolicy } from './retry.ts'
import type { Stage } from './stage.ts'
import { type Holding, takeOver } from './takeover.ts'
import { SliceError, workSlice } from './work-slice.ts'

export interface LaneWorkerOptions<W> {
  readonly lane: number
  readonly stage: Stage<Topic, readonly Topic[], W>
  readonly broker: Broker
  readonly membership: () => Membership
  readonly gate: Gate
  readonly codec: Codec
  readonly effects: Effects<W> | null
  readonly policy: RetryPolicy
  readonly log: Logger
}

interface Failure {
  readonly code: string
  readonly message: string
}

/**
 * Works one lane of one stage: takeover, then slice after slice, until the lane's job ends, is held, or the lane goes.
 * `follow` is told whenever the assignment or the gate may have changed; only one activation runs at a time, and each
 * begins with a takeover.
 */
export class LaneWorker<W> {
  readonly #options: LaneWorkerOptions<W>
  #queue: LaneQueue | null = null
  #busy = false
  #stop: AbortController | null = null
  /** What the running activation is for; a change of it ends that one. */
  #purpose: string | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(options: LaneWorkerOptions<W>) {
    this.#options = options
  }

  /** Starts, ends or exchanges the work, by what the gate says of the lane and whether this member owns it. */
  follow(owned: boolean, epoch: number): void {
    const purpose = owned ? this.#wanted(epoch) : null
    if (purpose === this.#purpose) return
    this.#purpose = purpose
    this.#stop?.abort(new Error('superseded'))
    if (purpose === null) return
    const stop = new AbortController()
    this.#stop = stop
    this.#running = this.#running.then(() => this.#work(stop.signal))
  }

  /** Hands over a batch; a busy lane is not fetched, a misplaced batch leads to takeover. */
  deliver(batch: LaneBatch): void {
    const queue = this.#queue
    if (!queue) return
    if (!queue.push(batch)) {
      this.#options.log.warn({ lane: batch.lane, first: batch.first }, 'batch does not start where the last one ended')
      this.#queue = null
      this.#restart()
      return
    }
    if (!queue.full || this.#busy) return
    this.#busy = true
    this.#options.membership().pause([this.#options.lane])
  }

  /** Ends the work; resolves when nothing of it is in flight. */
  async end(): Promise<void> {
    this.follow(false, 0)
    await this.#running
  }

  #wanted(epoch: number): string | null {
    const { gate, lane, stage } = this.#options
    const control = gate.of(lane)
    if (!control?.job || control.held.includes(stage.name)) return null
    return `${epoch}/${control.job.job_id}/${control.job.attempt}/${control.draining}`
  }

  #restart(): void {
    const purpose = this.#purpose
    if (purpose === null) return
    this.#stop?.abort(new Error('superseded'))
    const stop = new AbortController()
    this.#stop = stop
    this.#running = this.#running.then(() => this.#work(stop.signal))
  }

  async #work(signal: AbortSignal): Promise<void> {
    let failures = 0
    let failingSince = 0
    let failure: Failure | null = null
    while (!signal.aborted) {
      try {
        const end = await this.#hold(signal, failure, () => {
          failures = 0
        })
        if (end === 'done') return
      } catch (error) {
        if (signal.aborted) return
        const origin = error instanceof SliceError ? error.origin : 'line'
        const cause = error instanceof SliceError ? error.cause : error
        if (failures++ === 0) failingSince = performance.now()
        const sinceMs = performance.now() - failingSince
        const verdict = judge(cause, origin, { count: failures, sinceMs }, this.#options.policy)
        this.#log(cause, verdict)
        if (verdict.kind === 'fail') failure = verdict
        else await delay(verdict.afterMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** One takeover and the work after it. */
  async #hold(signal: AbortSignal, failure: Failure | null, succeeded: () => void): Promise<'done' | 'again'> {
    const { lane, stage, broker, gate, codec, effects } = this.#options
    const membership = this.#options.membership()
    this.#assertHeard()
    const holding = await takeOver({ stage: stage as Stage, lane, broker, gate, effects })
    if (!holding) return 'done'
    const log = this.#options.log.child({ job_id: holding.job.job_id, kb_id: holding.job.kb_id, lane })
    try {
      if (failure) {
        await this.#report(holding, failure)
        return 'done'
      }
      signal.throwIfAborted()
      const queue = new LaneQueue(holding.position, stage.slice)
      this.#queue = queue
      this.#busy = false
      membership.seek(lane, holding.position)
      membership.resume([lane])
      for (;;) {
        const slice = await queue.take(signal)
        this.#relieve(queue, membership)
        const assertHeard = () => this.#assertHeard()
        const done = await workSlice({ stage, holding, lane, slice, codec, gate, effects, signal, log, assertHeard })
        if (done === 'ended') return 'done'
        if (done === 'changed') return 'again'
        succeeded()
      }
    } finally {
      this.#queue = null
      membership.pause([lane])
      await holding.transactor.close()
    }
  }

  /** A worker that may be a zombie starts nothing; least of all a takeover, which would fence the new owner. */
  #assertHeard(): void {
    const membership = this.#options.membership()
    const silentMs = Math.round(membership.silentMs())
    if (silentMs > membership.sessionTimeoutMs / 2)
      throw new SliceError('line', new Error(`not heard by the group for ${silentMs} ms`))
  }

  #relieve(queue: LaneQueue, membership: Membership): void {
    if (!this.#busy || queue.full) return
    this.#busy = false
    membership.resume([this.#options.lane])
  }

  async #report({ job, position, transactor }: Holding, failure: Failure): Promise<void> {
    const { lane, stage, codec } = this.#options
    const value = codec.encode(progressTopic, {
      type: 'phase_failure',
      job_id: job.job_id,
      attempt: job.attempt,
      stage: stage.name,
      lane,
      offset: position,
      code: failure.code,
      message: failure.message,
    })
    const transaction = await transactor.begin()
    await transaction.send(progressTopic.name, lane, [{ key: job.job_id, value }])
    await transaction.commit()
  }

  #log(error: unknown, verdict: { readonly kind: string }): void {
    const { lane, stage, log } = this.#options
    const about = { stage: stage.name, lane, code: codeOf(error), err: error, verdict: verdict.kind }
    if (verdict.kind === 'fail') log.error(about, `${stage.phase} failed: ${messageOf(error)}`)
    else log.warn(about, `${stage.phase} tries again: ${messageOf(error)}`)
  }
}
