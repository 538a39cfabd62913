import { phasesOf } from '../coordinator/phases.ts'
import type { Broker } from '../kafka/broker.ts'
import type { Findings } from './findings.ts'
import type { LaneView, LiveJob } from './live-jobs.ts'

export type OffsetsReader = Pick<Broker, 'range' | 'committed'>

/**
 * Compares, for each lane of a job that goes on, how far the coordinator, the group and the store say that a stage has
 * come, and what the log has. All of these only grow, and each follows the one before it, so they are read in that
 * order: the log's start, the group's offset, the log's end; the database was read before.
 */
export const checkOffsets = async (broker: OffsetsReader, view: LaneView, findings: Findings): Promise<void> => {
  for (const job of view.jobs.filter(goesOn))
    for (const { name, stage, input } of phasesOf(job.state)) {
      const lanes = Object.entries(job.state.phases[name].lanes)
      await Promise.all(
        lanes.map(async ([key, { next, ended }]) => {
          const lane = Number(key)
          const start = view.lanes.find(one => one.lane === lane && one.job_id === job.id)?.starts[input.name]
          if (start === undefined) return
          const applied = view.applied.find(one => one.job_id === job.id && one.stage === stage && one.lane === lane)
          const { start: kept } = await broker.range(input.name, lane)
          const committed = await broker.committed(stage, input.name, lane)
          const { end } = await broker.range(input.name, lane)
          const place = { job, stage, lane, start, next, ended, topic: input.name }
          const offsets = { committed, kept, end, applied: applied?.next_offset ?? null }
          compare({ ...place, ...offsets }, findings)
        }),
      )
    }
}

/** A job that is being cancelled is cut, whatever its offsets are. */
const goesOn = ({ state: { status } }: LiveJob): boolean => ['running', 'pausing', 'paused', 'failed'].includes(status)

interface LaneOffsets {
  readonly job: LiveJob
  readonly stage: string
  readonly lane: number
  readonly topic: string
  /** The first offset of the job in the lane. */
  readonly start: number
  /** Up to where the coordinator has counted. */
  readonly next: number
  readonly ended: boolean
  readonly committed: number | null
  /** The first offset that the log still has. */
  readonly kept: number
  readonly end: number
  /** Up to where the store has applied; null without an applied row. */
  readonly applied: number | null
}

/** Stages whose effects are applied in the store. */
const applying: readonly string[] = ['indexing', 'tabulating']

const compare = (offsets: LaneOffsets, findings: Findings): void => {
  const { job, stage, lane, topic, start, next, ended, committed, kept, end, applied } = offsets
  const where = { job_id: job.id, stage, lane }
  const of = `${stage} in lane ${lane} of ${topic}`
  const position = Math.max(committed ?? 0, start)
  if (position < next)
    findings.add('offset_behind', {
      where,
      expected: `a committed offset of ${next} or more`,
      found: committed === null ? 'none' : committed,
      message: `${of} was counted up to ${next}, and its group is at ${position}: it would work on records again.`,
    })
  if (position > end)
    findings.add('offset_past_end', {
      where,
      expected: `an offset of ${end} or less`,
      found: position,
      message: `${of} goes on at ${position}, and the log ends at ${end}: records were lost.`,
    })
  if (!ended && kept > position)
    findings.add('records_gone', {
      where,
      expected: `records from ${position} on`,
      found: `records from ${kept} on`,
      message: `${of} goes on at ${position}, and the log begins at ${kept}: records are gone that were not worked on.`,
    })
  if (!applying.includes(stage)) return
  if (next > Math.max(applied ?? 0, start))
    findings.add('applied_behind', {
      where,
      expected: `an applied offset of ${next} or more`,
      found: applied === null ? 'no applied row' : applied,
      message: `${of} was counted up to ${next}, and the store has applied up to ${Math.max(applied ?? 0, start)}.`,
    })
  if (applied !== null && applied > end)
    findings.add('applied_past_end', {
      where,
      expected: `an offset of ${end} or less`,
      found: applied,
      message: `${of} is applied up to ${applied}, and the log ends at ${end}: it would skip what comes.`,
    })
}
