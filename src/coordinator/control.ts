import type { FinishRequest } from '../schemas/finish-request.ts'
import type { LaneControl, LaneJob } from '../schemas/lane-control.ts'
import type { LoadRequest } from '../schemas/load-request.ts'
import { control, finish, loadRequests, type RecordOf, type Topic } from '../schemas/topics.ts'
import type { JobRow, LaneRow, PlannedRecord } from './entities.ts'
import { finishStepsOf, phasesOf } from './phases.ts'

const planned = <T extends Topic>(topic: T, lane: number, key: string, value: RecordOf<T>): PlannedRecord => ({
  topic: topic.name,
  lane,
  key,
  value,
})

/** What a lane's stages are told: a function of the lane and its job, so that it can be told again at any time. */
export const controlRecord = (lane: LaneRow, job: JobRow | null): PlannedRecord => {
  const value: LaneControl = {
    type: 'lane_control',
    lane: lane.lane,
    revision: lane.revision,
    job: job && !lane.leaving ? laneJob(job) : null,
    starts: lane.starts,
    held: job && !lane.leaving ? heldStages(job) : [],
    cancelled: job?.state.status === 'cancelling',
  }
  return planned(control, 0, String(lane.lane), value)
}

const heldStages = ({ state }: JobRow): readonly string[] =>
  phasesOf(state)
    .filter(({ name }) => state.phases[name].held !== null)
    .map(({ stage }) => stage)

/** A job as its stages see it. */
export const laneJob = ({ id, kbId, kind, run, state, submission, priority }: JobRow): LaneJob => ({
  job_id: id,
  kb_id: kbId,
  kind,
  run,
  attempt: state.attempt,
  revision: state.revision,
  priority,
  lanes: state.lanes,
  sources: submission.sources.map(source => JSON.stringify(source)),
  chunking: submission.chunking,
  embedding: submission.embedding,
  branches: state.branches,
  documents_per_second: submission.replay?.documents_per_second ?? null,
  delete_guard: submission.delete_guard ?? null,
  traceparent: submission.traceparent ?? null,
  replay_of: submission.replay?.of ?? null,
})

/** The request for the first bite of the first source. Each bite's own transaction asks for the next. */
export const firstLoadRequest = (job: JobRow): PlannedRecord => {
  const value: LoadRequest = {
    type: 'load_request',
    job_id: job.id,
    seq: 0,
    source_index: 0,
    cursor: null,
    documents_before: 0,
  }
  return planned(loadRequests, firstLane(job), job.id, value)
}

/** The steps of FINISHING and their end mark. */
export const finishRequests = (job: JobRow): readonly PlannedRecord[] => {
  const steps = finishStepsOf(job.state).map(
    (step): FinishRequest => ({ type: 'finish_request', job_id: job.id, step }),
  )
  return [...steps, { type: 'end_mark', job_id: job.id } as const].map(value =>
    planned(finish, firstLane(job), job.id, value),
  )
}

export const firstLane = (job: JobRow): number => {
  const [lane] = job.state.lanes
  if (lane === undefined) throw new Error(`Job ${job.id} has no lane: it has not started.`)
  return lane
}
