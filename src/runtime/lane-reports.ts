import type { Transactor } from '../kafka/broker.ts'
import type { Codec } from '../schemas/codec.ts'
import type { PhaseFailure, Waiting } from '../schemas/progress.ts'
import { progressTopic, type RecordOf } from '../schemas/topics.ts'
import type { Held, Holding } from './takeover.ts'

/** What a lane says of itself beside its slices: that it cannot go on, or not for now. */
export type LaneReport =
  | Pick<PhaseFailure, 'type' | 'code' | 'message'>
  | Pick<Waiting, 'type' | 'code' | 'message' | 'retry_ms'>

interface Where {
  readonly stage: string
  readonly lane: number
  readonly codec: Codec
}

/** Says, under the fence of the lane, that nothing of the job is in flight in it. */
export const acknowledge = async ({
  holding: { job, transactor },
  stage,
  lane,
  worker,
  codec,
}: Where & { readonly holding: Held; readonly worker: string }): Promise<void> => {
  const { job_id, attempt, revision } = job
  await write(transactor, codec, { type: 'acknowledgement', job_id, attempt, stage, lane, revision, worker })
}

/** Says, under the fence of the lane, why it does not go on. */
export const report = async ({
  holding: { job, position, transactor },
  stage,
  lane,
  codec,
  what,
}: Where & { readonly holding: Holding; readonly what: LaneReport }): Promise<void> => {
  const { job_id, attempt } = job
  await write(transactor, codec, { ...what, job_id, attempt, stage, lane, offset: position })
}

const write = async (transactor: Transactor, codec: Codec, value: RecordOf<typeof progressTopic>): Promise<void> => {
  const transaction = await transactor.begin()
  const record = { key: value.job_id, value: codec.encode(progressTopic, value) }
  await transaction.send(progressTopic.name, value.lane, [record])
  await transaction.commit()
}
