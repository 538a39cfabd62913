import type { Logger } from 'pino'
import type { Broker, Membership } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { Topic } from '../schemas/topics.ts'
import type { Effects } from './effects.ts'
import type { Gate } from './gate.ts'
import { LaneWorker } from './lane-worker.ts'
import type { StageMeter } from './meter.ts'
import { policyOf, type RetrySettings } from './retry.ts'
import type { Stage } from './stage.ts'
import { type Tracing, untraced } from './tracing.ts'
import { createTurns } from './turns.ts'

export interface RunStageOptions<W> {
  readonly stage: Stage<Topic, readonly Topic[], W>
  /** Names this process where a lane's worker is shown. */
  readonly worker: string
  readonly broker: Broker
  readonly gate: Gate
  readonly codec: Codec
  /** For a stage with an effect; null otherwise. */
  readonly effects: Effects<W> | null
  readonly retry: RetrySettings
  /** Slices that this process works at once; 4 unless stated. */
  readonly slicesAtOnce?: number
  readonly meter?: StageMeter
  /** Nothing is traced without. */
  readonly tracing?: Tracing
  readonly log: Logger
  /** The stage cannot go on in this process: the process should end and be started again. */
  failed(error: Error): void
}

/** Anything that was started: ending it twice is fine, and it resolves when nothing of it is in flight. */
export interface Running {
  stop(): Promise<void>
}

/** Makes this process a worker of a stage: joins its group and gives each lane it is assigned to a lane worker. */
export const runStage = async <W>(options: RunStageOptions<W>): Promise<Running> => {
  const { stage, broker, gate, failed, tracing = untraced } = options
  if (stage.effect && !options.effects) throw new Error(`Stage ${stage.name} has an effect and was given no store.`)
  const log = options.log.child({ stage: stage.name })
  const policy = policyOf(stage.name, options.retry)
  const turns = createTurns(options.slicesAtOnce ?? 4, { oneEach: true })
  const thread = createTurns(1)
  const workers = new Map<number, LaneWorker<W>>()
  let owned: ReadonlySet<number> = new Set()
  let epoch = 0
  let membership: Membership | null = null

  const joined = () => {
    if (!membership) throw new Error(`Stage ${stage.name} has not joined its group yet.`)
    return membership
  }
  const employ = (lane: number) => {
    if (workers.has(lane)) return
    workers.set(lane, new LaneWorker({ ...options, lane, membership: joined, policy, turns, thread, tracing, log }))
  }
  const follow = () => {
    if (!membership) return
    for (const [lane, worker] of workers) worker.follow(owned.has(lane), epoch)
  }

  membership = await broker.join({
    group: stage.name,
    topic: stage.from.name,
    assigned(lanes, newEpoch) {
      owned = new Set(lanes)
      epoch = newEpoch
      for (const lane of lanes) employ(lane)
      log.debug({ lanes, epoch }, 'lanes assigned')
      follow()
    },
    revoked() {
      owned = new Set()
      follow()
    },
    records: batch => {
      if (batch.epoch === epoch) workers.get(batch.lane)?.deliver(batch)
    },
    failed,
  })
  const unfollow = gate.onChange(follow)
  follow()

  let stopping: Promise<void> | null = null
  const stop = async () => {
    unfollow()
    owned = new Set()
    await Promise.all([...workers.values()].map(worker => worker.end()))
    await joined().leave()
  }
  return { stop: () => (stopping ??= stop()) }
}
