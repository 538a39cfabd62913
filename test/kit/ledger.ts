import type { Broker, BrokerRecord, Follower } from '../../src/kafka/broker.ts'
import type { Codec } from '../../src/schemas/codec.ts'
import type { Progress } from '../../src/schemas/progress.ts'
import { progressTopic } from '../../src/schemas/topics.ts'

/** One committed slice, when it was read here (monotonic milliseconds), and the broker's own time of it (Unix milliseconds). */
export interface Entry extends Progress {
  readonly at: number
  readonly timestamp: number
}

/**
 * Every slice that any worker committed, as a reader of committed records sees them. A slice's outputs and its offset
 * are in the transaction of its progress record, so what is wrong here is wrong there. Records that were deleted before
 * they were read here are a hole: it is never passed over, unless `acceptHoles` was called.
 */
export const openLedger = async (broker: Broker, codec: Codec, lanes = 16) => {
  const entries: Entry[] = []
  let broken: unknown = null
  let holes = 0
  let accepting = false
  let reopening = Promise.resolve()
  const read = ({ value, timestamp }: BrokerRecord) => {
    const progress = codec.decode(progressTopic, value)
    if (progress.type === 'progress') entries.push({ ...progress, at: performance.now(), timestamp })
  }
  const position = new Map<number, number>()
  const atStart = async (lane: number) =>
    position.set(lane, Math.max(position.get(lane) ?? 0, (await broker.range(progressTopic.name, lane)).start))
  const open = (): Promise<Follower> =>
    broker.follow({
      topic: progressTopic.name,
      from: new Map(position),
      async records({ lane, next, records }) {
        await codec.prepare(records.map(record => record.value))
        records.forEach(read)
        position.set(lane, next)
      },
      failed: error => {
        reopening = reopen(error).catch(again => {
          broken = again
        })
      },
    })
  const reopen = async (error: Error & { code?: string }) => {
    if (error.code !== 'offset_out_of_range' || !accepting) throw error
    holes++
    await follower.stop()
    for (const lane of position.keys()) await atStart(lane)
    follower = await open()
  }
  for (let lane = 0; lane < lanes; lane++) await atStart(lane)
  let follower = await open()
  const of = (job: string, stage?: string): readonly Entry[] => {
    if (broken) throw new Error('The ledger of progress has a hole', { cause: broken })
    return entries.filter(entry => entry.job_id === job && (stage === undefined || entry.stage === stage))
  }
  return {
    of,
    /** From now on it goes on behind records that were deleted before they were read, and counts how often. */
    acceptHoles() {
      accepting = true
    },
    get holes() {
      return holes
    },
    caughtUp: (): Promise<void> =>
      follower.caughtUp().catch(async error => {
        if (error.code !== 'offset_out_of_range' || !accepting) throw error
        await reopening
        await follower.caughtUp()
      }),
    /** Where slices of a stage's lane do not follow one another: work that was done twice, or never. */
    faults: (job: string): readonly string[] =>
      [...Map.groupBy(of(job), ({ stage, lane }) => `${stage} lane ${lane}`)].flatMap(([where, slices]) =>
        slices.slice(1).flatMap(({ first, next }, i) => {
          const before = slices[i]!
          if (first === before.next) return []
          return [`${where}: [${first}, ${next}) came after [${before.first}, ${before.next})`]
        }),
      ),
    endMarks: (job: string, stage: string): number => of(job, stage).reduce((sum, { end_marks }) => sum + end_marks, 0),
    /** Milliseconds from a moment until every lane that had work of a stage left was worked on again. */
    recovery(job: string, stage: string, at: number): number {
      const lanes = Map.groupBy(of(job, stage), ({ lane }) => lane)
      return Math.max(0, ...[...lanes.values()].map(slices => (slices.find(slice => slice.at > at)?.at ?? at) - at))
    },
    close: () => follower.stop(),
  }
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>
