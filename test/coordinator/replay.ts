import { eta } from '../../src/coordinator/eta.ts'
import { apply, type JobEvent } from '../../src/coordinator/job.ts'
import { type Job, newJob } from '../../src/coordinator/job-state.ts'
import { phaseOfStage, phases } from '../../src/coordinator/phases.ts'
import type { Progress } from '../../src/schemas/progress.ts'
import { progress } from './histories.ts'

/** What `progress` said of a real job, with the time it was written; `npm run bench:eta -- --record` makes them. */
export interface Recorded {
  /** What the job was, in words. */
  readonly shape: string
  readonly lanes: readonly number[]
  /** All times are ms since the job's start. */
  readonly completedAt: number
  /** In order of time: time, stage, lane, first, next, items, outputs, end marks, and the total where it was said. */
  readonly reports: readonly (readonly [
    ...[number, string, number, number, number, number, number, number],
    ...([number] | []),
  ])[]
}

/** Any real time: nothing may depend on it. */
const start = 1_700_000_000_000

export const recordedOf = (
  shape: string,
  { lanes, from, to }: { readonly lanes: readonly number[]; readonly from: number; readonly to: number },
  reports: readonly { readonly at: number; readonly report: Progress }[],
): Recorded => ({
  shape,
  lanes,
  completedAt: to - from,
  reports: reports
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, report: { stage, lane, first, next, items, outputs, end_marks, total } }) => [
      ...([at - from, stage, lane, first, next, items, outputs, end_marks] as const),
      ...(total === null ? ([] as const) : ([total] as const)),
    ]),
})

/** The events that the coordinator saw; a lane's first report tells where the job begins there. */
export const eventsOf = ({ lanes, reports }: Recorded): JobEvent[] => {
  const starts: Record<number, Record<string, number>> = Object.fromEntries(lanes.map(lane => [lane, {}]))
  for (const [, stage, lane, first] of reports) starts[lane]![phaseOfStage(stage)!.input.name] ??= first
  return [
    { type: 'started', lanes, starts, at: start },
    ...reports.map(([at, stage, lane, first, next, items, outputs, end_marks, total]) =>
      progress(stage, { lane, first, next, items, outputs, end_marks, total: total ?? null }, start + at),
    ),
  ]
}

/** The same with the whole job paused at a time for so long. */
export const pausedFor = (recorded: Recorded, at: number, ms: number): { events: JobEvent[]; completedAt: number } => {
  const events = eventsOf(recorded)
  const i = events.findIndex(event => event.at > start + at)
  const hold = (type: 'pause' | 'resume', when: number) => ({ type, phase: null, at: start + when }) as const
  const acknowledged = phases.flatMap(({ stage, firstLaneOnly }) =>
    (firstLaneOnly ? recorded.lanes.slice(0, 1) : recorded.lanes).map(lane => ({
      type: 'acknowledged' as const,
      report: { type: 'acknowledgement' as const, job_id: 'j', attempt: 1, stage, lane, revision: 1, worker: null },
      at: start + at + 1,
    })),
  )
  const later = events.slice(i).map(event => ({ ...event, at: event.at + ms }))
  return {
    events: [...events.slice(0, i), hold('pause', at), ...acknowledged, hold('resume', at + ms), ...later],
    completedAt: recorded.completedAt + ms,
  }
}

export interface Judged {
  /** Times at which the status was looked at, from a tenth of the job's duration on. */
  readonly looks: number
  /** How many of them were given a range, and how many of these the job's end lay in. */
  readonly given: number
  readonly within: number
  /** Ranges that ended before the job did, and that began after it. */
  readonly tooSoon: number
  readonly tooLate: number
  /** Of each range, as a share of the job's duration. */
  readonly widths: readonly number[]
  /** How far the expected end was off, as a share of the job's duration. */
  readonly misses: readonly number[]
}

/** Looks at a job's ETA a hundred times a run, so that each run weighs the same, and holds each range against its end. */
export const judge = (
  events: readonly JobEvent[],
  completedAt: number,
  from = completedAt / 10,
  every = completedAt / 100,
): Judged => {
  let job: Job = newJob()
  let i = 0
  let [looks, within, tooSoon, tooLate] = [0, 0, 0, 0]
  const widths: number[] = []
  const misses: number[] = []
  const end = start + completedAt
  for (let now = start + from; now < end; now += every) {
    while (i < events.length && events[i]!.at <= now) job = apply(job, events[i++]!).job
    looks++
    const range = eta(job, now)
    if (range === null) continue
    if (range.latest < end) tooSoon++
    else if (range.earliest > end) tooLate++
    else within++
    widths.push((range.latest - range.earliest) / completedAt)
    misses.push(Math.abs(range.expected - end) / completedAt)
  }
  return { looks, given: widths.length, within, tooSoon, tooLate, widths, misses }
}

export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
