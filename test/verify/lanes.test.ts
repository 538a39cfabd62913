import { expect, test } from 'vitest'
import type { LaneControl } from '../../src/schemas/lane-control.ts'
import { createFindings } from '../../src/verify/findings.ts'
import { checkControl, checkLanes } from '../../src/verify/lanes.ts'
import type { LaneView, LiveJob, StoredLane } from '../../src/verify/live-jobs.ts'
import { laneJob } from '../kit/line.ts'
import { completedJob } from './states.ts'

const state = { ...completedJob({ lanes: [2] }), status: 'running', revision: 4 } as const
const job: LiveJob = { id: 'job-1', status: 'running', closed: false, state }
const row: StoredLane = { lane: 2, job_id: 'job-1', revision: 9, leaving: false, starts: {} }
const view = (over: Partial<LaneView> = {}): LaneView => ({
  ...{ jobs: [job], lanes: [row], applied: [], forgotten: [], planned: new Set() },
  ...over,
})
const told = (over: Partial<LaneControl> = {}): ReadonlyMap<number, LaneControl> =>
  new Map([
    [
      2,
      {
        ...{ type: 'lane_control', lane: 2, revision: 9, starts: {}, held: [], cancelled: false },
        job: laneJob({ job_id: 'job-1', revision: 4 }),
        ...over,
      },
    ],
  ])

const controlled = (before: LaneView, control: ReadonlyMap<number, LaneControl>, after = before) => {
  const findings = createFindings('kb', 10)
  checkControl(before, control, after, findings)
  return findings.report().differences.map(({ code, expected, found }) => [code, expected, found])
}
const owned = (of: LaneView) => {
  const findings = createFindings('kb', 10)
  checkLanes(of, findings)
  return findings.report().differences.map(({ code, where }) => [code, where.lane])
}

test('`control` that says what the database says agrees', () => {
  expect(controlled(view(), told())).toEqual([])
  const leaving = view({ lanes: [{ ...row, leaving: true }] })
  expect(controlled(leaving, told({ job: null }))).toEqual([])
  expect(controlled(view({ jobs: [], lanes: [{ ...row, job_id: null }] }), told({ job: null }))).toEqual([])
  expect(controlled(view({ jobs: [], lanes: [{ ...row, job_id: null, revision: 0 }] }), new Map())).toEqual([])
})

test('`control` of another revision, job or state of the job differs', () => {
  const expected = 'revision 9, job job-1 at its revision 4'
  const differs = (found: string) => [['control_differs', expected, found]]
  expect(controlled(view(), told({ revision: 8 }))).toEqual(differs('revision 8, job job-1 at its revision 4'))
  expect(controlled(view(), told({ job: null }))).toEqual(differs('revision 9, free'))
  expect(controlled(view(), told({ job: laneJob({ job_id: 'job-1', revision: 3 }) }))).toEqual(
    differs('revision 9, job job-1 at its revision 3'),
  )
  expect(controlled(view(), new Map())).toEqual(differs('revision 0, free'))
})

test('a lane that changed while `control` was read, or of which something is planned, is left out', () => {
  const old = told({ revision: 8 })
  expect(controlled(view(), old, view({ lanes: [{ ...row, revision: 10 }] }))).toEqual([])
  expect(controlled(view(), old, view({ lanes: [{ ...row, job_id: 'job-2' }] }))).toEqual([])
  expect(controlled(view({ planned: new Set([9]) }), old, view())).toEqual([])
  expect(controlled(view(), old, view({ planned: new Set([9]) }))).toEqual([])
  expect(controlled(view({ planned: new Set([8]) }), old)).toHaveLength(1)
})

test('lanes of jobs agree when each job has its own and no ended one keeps any', () => {
  expect(owned(view())).toEqual([])
  expect(owned(view({ lanes: [] }))).toEqual([['lane_lost', 2]])
  const ended = { ...job, status: 'completed' }
  expect(owned(view({ jobs: [ended] }))).toEqual([['lane_held', 2]])
  expect(owned(view({ jobs: [ended], lanes: [{ ...row, leaving: true }] }))).toEqual([])
  const failed = { ...job, status: 'failed', closed: true }
  expect(owned(view({ jobs: [failed] }))).toEqual([])
})
