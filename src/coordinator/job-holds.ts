import type { Phase } from '../schemas/names.ts'
import { eachPhase, isComplete, type Job } from './job-state.ts'
import { phasesOf } from './phases.ts'

/** A lane of a stage that has not yet said that nothing of the job is in flight there. */
export interface Missing {
  readonly phase: Phase
  readonly stage: string
  readonly lane: number
}

const namesOf = (job: Job): readonly Phase[] => phasesOf(job).map(({ name }) => name)

/** Phases that are not complete: what pause and cancel are about. */
export const incomplete = (job: Job): readonly Phase[] => namesOf(job).filter(name => !isComplete(job.phases[name]))

/** Users want all of it to stand. */
export const isPausedWhole = (job: Job): boolean => incomplete(job).every(name => job.paused.includes(name))

const wantsHeld = (job: Job, name: Phase): boolean =>
  job.status === 'failed' ||
  job.status === 'cancelling' ||
  job.paused.includes(name) ||
  (job.pressed && name === 'LOADING')

/**
 * Brings the holds into line with what the state of the job asks for. A hold that begins, or ends, is a new revision;
 * one that stays keeps the revision it began with, and with it its acknowledgements.
 */
export const held = (job: Job): Job => {
  const differing = namesOf(job).filter(name => wantsHeld(job, name) !== (job.phases[name].held !== null))
  if (differing.length === 0) return job
  const revision = job.revision + 1
  return {
    ...job,
    revision,
    phases: eachPhase(name => {
      const phase = job.phases[name]
      if (!differing.includes(name)) return phase
      return { ...phase, held: phase.held === null ? revision : null }
    }),
  }
}

/** Lanes of these phases whose hold is not acknowledged. A lane past its end mark has nothing to say. */
export const missingOf = (job: Job, of: readonly Phase[] = namesOf(job)): readonly Missing[] =>
  phasesOf(job).flatMap(({ name, stage }) => {
    const { held: since, lanes } = job.phases[name]
    if (since === null || !of.includes(name)) return []
    return Object.entries(lanes)
      .filter(([, lane]) => !lane.ended && lane.acknowledged < since)
      .map(([lane]) => ({ phase: name, stage, lane: Number(lane) }))
  })

/** How many lanes of these phases have to acknowledge a hold. */
export const expectedOf = (job: Job, of: readonly Phase[] = namesOf(job)): number =>
  of
    .filter(name => job.phases[name].held !== null)
    .flatMap(name => Object.values(job.phases[name].lanes))
    .filter(lane => !lane.ended).length

/** Nothing of the job is in flight in any of its phases. */
export const isQuiet = (job: Job): boolean => missingOf(job).length === 0 && incomplete(job).every(isHeldIn(job))

const isHeldIn = (job: Job) => (name: Phase) => job.phases[name].held !== null
