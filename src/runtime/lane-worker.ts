import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Broker, LaneBatch, Membership } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { Topic } from '../schemas/topics.ts'
import { Activation, wanted } from './activation.ts'
import { askerOf } from './asker.ts'
import type { Effects } from './effects.ts'
import { codeOf, messageOf } from './errors.ts'
import type { Gate } from './gate.ts'
import { assertHeard } from './heard.ts'
import { LaneQueue } from './lane-queue.ts'
import { acknowledge, type LaneReport, report } from './lane-reports.ts'
import type { StageMeter } from './meter.ts'
import { judge, logVerdict, type RetryPolicy, Streak } from './retry.ts'
import { SliceError } from './slice-error.ts'
import { SliceSize } from './slice-size.ts'
import type { Stage } from './stage.ts'
import { assertKept, type Held, type Holding, takeOver } from './takeover.ts'
import type { Tracing } from './tracing.ts'
import type { Turns } from './turns.ts'
import { workSlice } from './work-slice.ts'

export interface LaneWorkerOptions<W> {
  readonly lane: number
  /** Names this process in its acknowledgements. */
  readonly worker: string
  readonly stage: Stage<Topic, readonly Topic[], W>
  readonly broker: Broker
  readonly membership: () => Membership
  readonly gate: Gate
  readonly codec: Codec
  readonly effects: Effects<W> | null
  readonly policy: RetryPolicy
  /** For slices, and for the thread while they compute. */
  readonly turns: Turns
  readonly thread: Turns
  readonly meter?: StageMeter
  readonly tracing: Tracing
  readonly log: Logger
}

/** Waits shorter than this are nobody's business, in ms. */
const shortWaitMs = 1_000

/**
 * Works one lane of one stage: takeover, then slice after slice, until the lane's job ends, is held, or the lane goes.
 * A lane that is held is taken over as well, to say under its fence that nothing is in flight. `follow` is told whenever
 * the assignment or the gate may have changed; activations run one after the other, and each begins with a takeover.
 */
export class LaneWorker<W> {
  readonly #options: LaneWorkerOptions<W>
  readonly #size: SliceSize
  #queue: LaneQueue | null = null
  #busy = false
  /** What the newest activation is for; a change of it ends that one. */
  #purpose: string | null = null
  readonly #live = new Set<Activation>()
  #running: Promise<void> = Promise.resolve()

  constructor(options: LaneWorkerOptions<W>) {
    this.#options = options
    this.#size = new SliceSize(options.stage.slice)
  }

  /** Starts, ends or exchanges the work, by what the gate says of the lane and whether this member owns it. */
  follow(owned: boolean, epoch: number): void {
    const { gate, lane, stage } = this.#options
    const { purpose, graceMs } = wanted(owned ? gate.of(lane) : null, stage, epoch)
    if (purpose === this.#purpose) return
    this.#purpose = purpose
    for (const one of this.#live) one.end(graceMs)
    if (purpose !== null) this.#begin()
  }

  /** Hands over a batch; a busy lane is not fetched, a misplaced batch leads to takeover. */
  deliver(batch: LaneBatch): void {
    const queue = this.#queue
    if (!queue) return
    if (!queue.push(batch)) {
      this.#options.log.warn({ lane: batch.lane, first: batch.first }, 'batch does not start where the last one ended')
      this.#queue = null
      for (const one of this.#live) one.end(0)
      if (this.#purpose !== null) this.#begin()
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

  #begin(): void {
    const activation = new Activation()
    this.#live.add(activation)
    this.#running = this.#running
      .then(() => this.#work(activation))
      .finally(() => {
        activation.end(0)
        this.#live.delete(activation)
      })
  }

  async #work({ ending, aborting }: Activation): Promise<void> {
    const streak = new Streak()
    let failure: LaneReport | null = null
    while (!ending.aborted) {
      try {
        if (failure) return await this.#tell(failure)
        if ((await this.#hold(ending, aborting, streak)) === 'done') return
      } catch (error) {
        if (ending.aborted) return
        const origin = error instanceof SliceError ? error.origin : 'line'
        const cause = error instanceof SliceError ? error.cause : error
        const verdict = judge(cause, origin, streak.failed(cause), this.#options.policy)
        logVerdict(this.#options, cause, verdict)
        this.#options.meter?.failed(this.#options.stage.name, codeOf(cause), verdict.kind)
        if (verdict.kind === 'fail') {
          failure = { type: 'phase_failure', code: verdict.code, message: verdict.message }
          continue
        }
        if (origin !== 'line' && verdict.afterMs >= shortWaitMs) {
          const why = { code: codeOf(cause), message: messageOf(cause), retry_ms: Math.round(verdict.afterMs) }
          await this.#tell({ type: 'waiting', ...why }).catch(unsaid => logVerdict(this.#options, unsaid, verdict))
        }
        await delay(verdict.afterMs, undefined, { signal: ending }).catch(() => undefined)
      }
    }
  }

  #takeOver(): Promise<Holding | Held | null> {
    const { lane, stage, broker, gate, effects } = this.#options
    assertHeard(this.#options.membership())
    return takeOver({ stage: stage as Stage, lane, broker, gate, effects })
  }

  /** One takeover and the work after it. */
  async #hold(ending: AbortSignal, signal: AbortSignal, streak: Streak): Promise<'done' | 'again'> {
    const { lane, stage, codec, worker, turns, policy } = this.#options
    const membership = this.#options.membership()
    const holding = await this.#takeOver()
    if (!holding) return 'done'
    const log = this.#options.log.child({ job_id: holding.job.job_id, kb_id: holding.job.kb_id, lane })
    try {
      if (holding.kind === 'held') {
        await acknowledge({ holding, stage: stage.name, lane, worker, codec })
        log.debug({ revision: holding.job.revision }, 'hold acknowledged')
        return 'done'
      }
      await assertKept(this.#options, holding.position)
      ending.throwIfAborted()
      const queue = new LaneQueue(holding.position, this.#size)
      this.#queue = queue
      this.#busy = false
      membership.seek(lane, holding.position)
      membership.resume([lane])
      const asker = askerOf(stage as Stage, holding.job)
      for (;;) {
        const slice = await queue.take(ending)
        this.#relieve(queue, membership)
        const turn = await turns.take(asker, ending)
        const started = performance.now()
        const attempt = streak.attempt(policy)
        const work = { ...this.#options, holding, slice, signal, log, membership, asker, attempt }
        const done = await workSlice(work).finally(() => turn.end())
        this.#size.took(slice.records.length, performance.now() - started)
        if (done === 'ended') return 'done'
        if (done === 'changed') return 'again'
        streak.succeeded()
      }
    } finally {
      this.#queue = null
      membership.pause([lane])
      await holding.transactor.close()
    }
  }

  /** Takes over to say something of the lane, and does nothing else. */
  async #tell(what: LaneReport): Promise<void> {
    const { stage, lane, codec } = this.#options
    const holding = await this.#takeOver()
    try {
      if (holding?.kind === 'work') await report({ holding, stage: stage.name, lane, codec, what })
    } finally {
      await holding?.transactor.close()
    }
  }

  #relieve(queue: LaneQueue, membership: Membership): void {
    if (!this.#busy || queue.full) return
    this.#busy = false
    membership.resume([this.#options.lane])
  }
}
