import type { LaneControl } from '../schemas/lane-control.ts'
import type { Findings } from './findings.ts'
import type { LaneView, StoredLane } from './live-jobs.ts'

/** Compares the lanes with the jobs that own them, and names the applied rows that nobody reads any more. */
export const checkLanes = ({ jobs, lanes, forgotten }: LaneView, findings: Findings): void => {
  findings.checked.lanes += lanes.length
  for (const { id, status, closed, state } of jobs) {
    const own = lanes.filter(({ job_id }) => job_id === id)
    if (status === 'completed' || status === 'cancelled')
      for (const { lane } of own.filter(({ leaving }) => !leaving))
        findings.add('lane_held', {
          where: { job_id: id, lane },
          expected: 'a free lane',
          found: `lane ${lane} of a job that is ${status}`,
          message: `Job ${id} is ${status} and keeps lane ${lane}.`,
        })
    else if (!closed)
      for (const lane of state.lanes.filter(one => !own.some(row => row.lane === one)))
        findings.add('lane_lost', {
          where: { job_id: id, lane },
          expected: `lane ${lane} of job ${id}`,
          found: 'not its lane',
          message: `Job ${id} works in lane ${lane}, which is not its own any more.`,
        })
  }
  for (const { job_id, stage, lane, next_offset } of forgotten)
    findings.add('applied_left_over', {
      where: { job_id, stage, lane },
      expected: 'no applied row',
      found: `next offset ${next_offset}`,
      message: `Job ${job_id} has ended, and its applied row of ${stage} in lane ${lane} is still there.`,
    })
}

/**
 * Compares what `control` tells of lanes with the database, as it was before `control` was read and after. A lane that
 * changed meanwhile, or of which something is planned and perhaps not told yet, is left out.
 */
export const checkControl = (
  before: LaneView,
  told: ReadonlyMap<number, LaneControl>,
  after: LaneView,
  findings: Findings,
): void => {
  const unchanged = after.lanes.filter(lane =>
    before.lanes.some(one => one.lane === lane.lane && one.revision === lane.revision && one.job_id === lane.job_id),
  )
  for (const lane of unchanged) {
    if (before.planned.has(lane.revision) || after.planned.has(lane.revision)) continue
    const job = after.jobs.find(({ id }) => id === lane.job_id)
    const expected = said(lane, job && !lane.leaving ? job.state.revision : null)
    const found = tellingOf(told.get(lane.lane))
    if (expected === found) continue
    findings.add('control_differs', {
      where: { job_id: lane.job_id, lane: lane.lane },
      expected,
      found,
      message: `\`control\` says of lane ${lane.lane}: ${found}; the database: ${expected}.`,
    })
  }
}

const said = ({ revision, job_id }: StoredLane, ofJob: number | null): string =>
  ofJob === null ? `revision ${revision}, free` : `revision ${revision}, job ${job_id} at its revision ${ofJob}`

const tellingOf = (told: LaneControl | undefined): string => {
  if (told === undefined) return 'revision 0, free'
  const { revision, job } = told
  return job === null
    ? `revision ${revision}, free`
    : `revision ${revision}, job ${job.job_id} at its revision ${job.revision}`
}
