import { type Broker, BrokerError, type Transactor } from '../kafka/broker.ts'
import type { LaneControl, LaneJob } from '../schemas/lane-control.ts'
import { hasPhase, transactionalId } from '../schemas/names.ts'
import type { Claim, Effects } from './effects.ts'
import type { Gate } from './gate.ts'
import type { Stage } from './stage.ts'

/** What a worker has after a takeover, for as long as nothing goes wrong. */
export interface Holding {
  readonly kind: 'work'
  readonly control: LaneControl
  readonly job: LaneJob
  readonly transactor: Transactor
  readonly position: number
  /** null for a stage without an effect. */
  readonly claim: Claim | null
}

/** The stage is held in this lane: what is left to do is to say that nothing is in flight. */
export interface Held {
  readonly kind: 'held'
  readonly job: LaneJob
  readonly transactor: Transactor
}

export interface TakeoverOptions<W> {
  readonly stage: Stage
  readonly lane: number
  readonly broker: Pick<Broker, 'fence' | 'committed'>
  readonly gate: Gate
  readonly effects: Effects<W> | null
}

/**
 * The only way to come to own a lane, after every assignment and after every error. The order is the guarantee:
 * fence, so that no earlier owner can commit any more; then `control` to its end, so that a hold it acknowledged is
 * seen; then the claim in the store, and the committed offset, which is now final. So when it returns, nothing that an
 * earlier owner began can take effect any more. Returns null when the lane is nobody's,
 * or a job's that has no such phase.
 */
export const takeOver = async <W>({
  stage,
  lane,
  broker,
  gate,
  effects,
}: TakeoverOptions<W>): Promise<Holding | Held | null> => {
  const transactor = await broker.fence(transactionalId(stage.name, lane))
  try {
    await gate.readToEnd()
    const control = gate.of(lane)
    const job = control?.job
    if (!control || !job || !hasPhase(job, stage.phase)) {
      await transactor.close()
      return null
    }
    const claim = stage.effect && effects ? await effects.claim(job.job_id, stage.name, lane) : null
    if (control.held.includes(stage.name)) return { kind: 'held', job, transactor }
    const committed = await broker.committed(stage.name, stage.from.name, lane)
    const position = Math.max(committed ?? 0, control.starts[stage.from.name] ?? 0)
    return { kind: 'work', control, job, transactor, position, claim }
  } catch (error) {
    await transactor.close()
    throw error
  }
}

/** Throws when records that were not worked yet are gone: to go on behind them would skip them in silence. */
export const assertKept = async (
  { broker, stage, lane }: { broker: Pick<Broker, 'range'>; stage: Pick<Stage, 'name' | 'from'>; lane: number },
  position: number,
): Promise<void> => {
  const { start } = await broker.range(stage.from.name, lane)
  if (start <= position) return
  throw new BrokerError(
    'offset_out_of_range',
    `Records of ${stage.from.name} lane ${lane} are gone: ${stage.name} stands at ${position}, the broker keeps ${start} and later.`,
  )
}
