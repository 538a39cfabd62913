import type { Membership } from '../kafka/broker.ts'
import type { Running } from '../runtime/run-stage.ts'
import { type Tracing, untraced } from '../runtime/tracing.ts'
import { intake } from '../schemas/names.ts'
import { upstreamDocuments } from '../schemas/topics.ts'
import type { PartitionWorkerOptions } from './options.ts'
import { PartitionWorker } from './partition-worker.ts'

export interface RunIntakeOptions
  extends Omit<PartitionWorkerOptions, 'partition' | 'membership' | 'askMs' | 'tracing'> {
  readonly askMs?: number
  /** Nothing is traced without. */
  readonly tracing?: Tracing
  /** INTAKE cannot go on in this process: the process should end and be started again. */
  failed(error: Error): void
}

/**
 * INTAKE: brings what upstream systems publish into the lanes of streams, exactly once and in the order of each uri. It is
 * no stage of a job: its partitions are its own, and no hold stops it. A held stream keeps its events in its lane.
 */
export const runIntake = async (options: RunIntakeOptions): Promise<Running> => {
  const { broker, failed, askMs = 1_000, tracing = untraced } = options
  const log = options.log.child({ stage: intake })
  const workers = new Map<number, PartitionWorker>()
  let owned: ReadonlySet<number> = new Set()
  let epoch = 0
  let joined: Membership | null = null

  const membership = () => {
    if (!joined) throw new Error('INTAKE has not joined its group yet.')
    return joined
  }
  const employ = (partition: number) => {
    const worker =
      workers.get(partition) ?? new PartitionWorker({ ...options, partition, membership, log, askMs, tracing })
    workers.set(partition, worker)
  }
  const follow = () => {
    if (!joined) return
    for (const [partition, worker] of workers) worker.follow(owned.has(partition) ? epoch : null)
  }

  joined = await broker.join({
    group: intake,
    topic: upstreamDocuments.name,
    assigned(partitions, newEpoch) {
      owned = new Set(partitions)
      epoch = newEpoch
      for (const partition of partitions) employ(partition)
      log.debug({ partitions, epoch }, 'partitions assigned')
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
  follow()

  let stopping: Promise<void> | null = null
  const stop = async () => {
    owned = new Set()
    await Promise.all([...workers.values()].map(worker => worker.end()))
    await membership().leave()
  }
  return { stop: () => (stopping ??= stop()) }
}
