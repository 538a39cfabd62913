import type { Phase } from '../schemas/names.ts'
import { isComplete, type Job } from './job-state.ts'
import { finishStepsOf, phaseOf, phasesOf } from './phases.ts'

/**
 * How far a job is, in per cent. A phase's total is known once the phase before it is complete (its outputs); until
 * then it is estimated as those outputs over the share of its own work that the phase before has done. What is shown
 * never falls, and is 100 only when every end mark has been passed.
 */
export const shownPercent = (job: Job, name: Phase): number => {
  const phase = job.phases[name]
  if (isComplete(phase)) return 100
  return Math.max(phase.shown, Math.floor(100 * Math.min(0.99, fraction(job, name))))
}

/** Items the phase will have worked on at its end, or null while nobody can know. */
export const itemsTotal = (job: Job, name: Phase): number | null => {
  const phase = job.phases[name]
  if (isComplete(phase)) return phase.items
  if (name === 'FINISHING') return finishStepsOf(job).length
  const { before } = phaseOf(name)
  if (before === null) return phase.total === null ? null : Math.max(phase.total, phase.items)
  return isComplete(job.phases[before]) ? handedTo(job, name) : null
}

/** Items that the phase before has handed to a phase so far. */
export const handedTo = (job: Job, name: Phase): number => {
  const { before, input } = phaseOf(name)
  if (before === null) return 0
  const { outputs, branchOutputs } = job.phases[before]
  return input.branch === undefined ? outputs : (branchOutputs?.[input.name] ?? 0)
}

/** The job as a whole: its phases by weight; 100 only when it is completed. */
export const jobPercent = (job: Job): number => {
  if (job.status === 'completed') return 100
  const own = phasesOf(job)
  const sum = own.reduce((total, { name, weight }) => total + weight * job.phases[name].shown, 0)
  const weights = own.reduce((total, { weight }) => total + weight, 0)
  return Math.min(99, Math.floor(sum / weights))
}

const fraction = (job: Job, name: Phase): number => {
  const phase = job.phases[name]
  if (isComplete(phase)) return 1
  const total = itemsTotal(job, name)
  if (total !== null) return total > 0 ? Math.min(1, phase.items / total) : 0
  const { before } = phaseOf(name)
  // A source that cannot tell its size: half way after a hundred documents, and never there before its end mark.
  if (before === null) return phase.items / (phase.items + 100)
  const handed = handedTo(job, name)
  // Where the line branches, a phase may never get anything: it is as far as the one before it.
  if (handed === 0) return job.branches.length > 0 ? fraction(job, before) : 0
  return Math.min(1, phase.items / handed) * fraction(job, before)
}
