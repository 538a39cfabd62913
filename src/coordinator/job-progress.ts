import type { Acknowledgement, PhaseFailure, Progress, Waiting } from '../schemas/progress.ts'
import type { FailureBody } from './job-bodies.ts'
import { eachPhase, type Job, type Message, type PhaseCount, type PhaseLane } from './job-state.ts'
import { paced } from './pace.ts'
import { shownPercent } from './percent.ts'
import { phaseOfStage, phases } from './phases.ts'

/** The job with a report counted, or why it cannot be: reports of a lane touch, by the runtime's guarantee. */
export const counted = (job: Job, report: Progress, at: number): Job | FailureBody => {
  const { stage, lane, first, next } = report
  const name = phaseOfStage(stage)?.name
  const known = name && job.phases[name].lanes[lane]
  if (!name || !known) return gap(report, `${stage} reported lane ${lane}, which is not one of its lanes`)
  if (next <= known.next) return job
  if (first !== known.next)
    return gap(report, `${stage} reported [${first}, ${next}) of lane ${lane}, expected from ${known.next}`)

  const before = job.phases[name]
  const lanes = {
    ...before.lanes,
    [lane]: { ...known, next, ended: known.ended || report.end_marks > 0, waiting: null },
  }
  const added: PhaseCount = {
    ...before,
    lanes,
    pace: paced(before.pace, report.items, at),
    items: before.items + report.items,
    outputs: before.outputs + report.outputs,
    ...branchOutputs(before, report),
    ...(report.row_documents === 0 ? {} : { rowDocuments: (before.rowDocuments ?? 0) + report.row_documents }),
    rejects: before.rejects + report.rejects,
    bytes: before.bytes + report.bytes,
    total: report.total ?? before.total,
    startedAt: Math.min(before.startedAt ?? at, at),
    completedAt: report.end_marks > 0 ? Math.max(before.completedAt ?? at, at) : before.completedAt,
  }
  const order = [at, phases.findIndex(phase => phase.name === name), next, lane]
  const message = newer(job.message, report.message === null ? null : { text: report.message, order })
  const after: Job = { ...job, phases: { ...job.phases, [name]: added }, message }
  return { ...after, phases: eachPhase(one => ({ ...after.phases[one], shown: shownPercent(after, one) })) }
}

const branchOutputs = ({ branchOutputs = {} }: PhaseCount, { branch_outputs }: Progress) => {
  const added = Object.entries(branch_outputs)
  if (added.length === 0) return {}
  return {
    branchOutputs: {
      ...branchOutputs,
      ...Object.fromEntries(added.map(([to, n]) => [to, (branchOutputs[to] ?? 0) + n])),
    },
  }
}

/** The job with a lane's acknowledgement; one of a lane that is not its own, or an older one, changes nothing. */
export const acknowledged = (job: Job, { stage, lane, revision }: Acknowledgement): Job =>
  inLane(job, stage, lane, known => ({
    ...known,
    acknowledged: Math.max(known.acknowledged, revision),
    waiting: null,
  }))

/** The job with what a lane waits for. */
export const waits = (job: Job, { stage, lane, offset, code, message, retry_ms }: Waiting, at: number): Job =>
  inLane(job, stage, lane, known =>
    known.next > offset || known.ended ? known : { ...known, waiting: { code, message, until: at + retry_ms } },
  )

export const failureOf = ({ stage, code, message, lane }: PhaseFailure): FailureBody => ({
  code,
  message,
  phase: phaseOfStage(stage)?.name ?? stage,
  lane,
})

const inLane = (job: Job, stage: string, lane: number, change: (known: PhaseLane) => PhaseLane): Job => {
  const name = phaseOfStage(stage)?.name
  const known = name && job.phases[name].lanes[lane]
  if (!name || !known) return job
  const phase = job.phases[name]
  return { ...job, phases: { ...job.phases, [name]: { ...phase, lanes: { ...phase.lanes, [lane]: change(known) } } } }
}

/** A hole means that records went missing, and it is said. */
const gap = ({ stage, lane }: Progress, what: string): FailureBody => ({
  code: 'progress_gap',
  message: `${what}: records are missing or were taken twice.`,
  phase: phaseOfStage(stage)?.name ?? stage,
  lane,
})

const newer = (a: Message | null, b: Message | null): Message | null => {
  if (!a || !b) return a ?? b
  const differing = a.order.findIndex((value, i) => value !== b.order[i])
  return differing >= 0 && a.order[differing]! > b.order[differing]! ? a : b
}
