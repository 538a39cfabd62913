import { expect, test } from 'vitest'
import type { Job } from '../../src/coordinator/job-state.ts'
import { phases } from '../../src/coordinator/phases.ts'
import { createFindings } from '../../src/verify/findings.ts'
import type { LaneView } from '../../src/verify/live-jobs.ts'
import { checkOffsets, type OffsetsReader } from '../../src/verify/offsets.ts'
import { completedJob, withPhase } from './states.ts'

const lane = 3
const [start, next] = [100, 140]

/** A job whose stages were each counted up to `next` in one lane, which began at `start`. */
const running = (): Job => {
  const at = { next, ended: false, acknowledged: 0, waiting: null }
  const begun = { ...completedJob({ lanes: [lane] }), status: 'running' } as const
  return phases.reduce<Job>((job, { name }) => withPhase(job, name, { lanes: { [lane]: at } }), begun)
}
const view = (state: Job, applied: number | null = next): LaneView => ({
  jobs: [{ id: 'job-1', status: 'running', closed: false, state }],
  lanes: [
    {
      ...{ lane, job_id: 'job-1', revision: 1, leaving: false },
      starts: Object.fromEntries(phases.map(({ input }) => [input.name, start])),
    },
  ],
  applied: applied === null ? [] : [{ job_id: 'job-1', stage: 'indexing', lane, next_offset: applied }],
  forgotten: [],
  planned: new Set(),
})
/** A broker that says the same of every lane; `embedding` is told apart. */
const broker = (of: { start?: number; end?: number; committed?: number | null } = {}): OffsetsReader => ({
  range: async topic => (topic === 'chunks' ? { start, end: 200, ...of } : { start, end: 200 }),
  committed: async group => (group === 'embedding' && of.committed !== undefined ? of.committed : 150),
})
const found = async (reader: OffsetsReader, of: LaneView) => {
  const findings = createFindings('kb', 10)
  await checkOffsets(reader, of, findings)
  return findings.report().differences.map(({ code, where, found }) => [code, where.stage, found])
}

test('a job of which each position is at or before the next agrees', async () => {
  expect(await found(broker(), view(running()))).toEqual([])
  expect(await found(broker({ committed: next }), view(running()))).toEqual([])
})

test('a group that lost its offset, or was set back, is behind what was counted', async () => {
  expect(await found(broker({ committed: null }), view(running()))).toEqual([['offset_behind', 'embedding', 'none']])
  expect(await found(broker({ committed: 139 }), view(running()))).toEqual([['offset_behind', 'embedding', '139']])
})

test('a stage that has not begun is at the start of the job, whatever its group committed before', async () => {
  const state = withPhase(running(), 'EMBEDDING', {
    lanes: { [lane]: { next: start, ended: false, acknowledged: 0, waiting: null } },
  })
  for (const committed of [null, 40]) expect(await found(broker({ committed }), view(state))).toEqual([])
})

test('a log that ends before the position, or begins after it, has lost records', async () => {
  expect(await found(broker({ end: 149 }), view(running()))).toEqual([['offset_past_end', 'embedding', '150']])
  expect(await found(broker({ start: 151 }), view(running()))).toEqual([
    ['records_gone', 'embedding', 'records from 151 on'],
  ])
})

test('records that a stage has passed may be gone, and its end mark with them', async () => {
  const ended = { next: 150, ended: true, acknowledged: 0, waiting: null }
  const state = withPhase(running(), 'EMBEDDING', { lanes: { [lane]: ended } })
  expect(await found(broker({ start: 180 }), view(state))).toEqual([])
})

test('the store is held against what was counted and against the log', async () => {
  expect(await found(broker(), view(running(), null))).toEqual([['applied_behind', 'indexing', 'no applied row']])
  expect(await found(broker(), view(running(), 139))).toEqual([['applied_behind', 'indexing', '139']])
  expect(await found(broker(), view(running(), 200))).toEqual([])
  expect(await found(broker(), view(running(), 201))).toEqual([['applied_past_end', 'indexing', '201']])
})

test('a job that is being cancelled, or has ended, is not held against its offsets', async () => {
  for (const status of ['cancelling', 'completed'] as const)
    expect(await found(broker({ committed: null }), view({ ...running(), status }))).toEqual([])
})
