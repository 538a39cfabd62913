import { isComplete, type Job, type PhaseCount } from '../coordinator/job-state.ts'
import { handedTo } from '../coordinator/percent.ts'
import { phaseOf, phasesOf } from '../coordinator/phases.ts'
import type { Code } from './codes.ts'
import type { Finding } from './findings.ts'

export interface LedgerFinding extends Finding {
  readonly code: Code
}

/** Compares the phases of a job with one another, by the counts that the stages reported. Pure. */
export const ledgerFindings = (job: Job): readonly LedgerFinding[] => [...endMarks(job), ...counts(job)]

/** Every lane of a job that completed has passed its end mark in every phase. */
const endMarks = (job: Job): readonly LedgerFinding[] => {
  if (job.status !== 'completed') return []
  return phasesOf(job).flatMap(({ name, stage, firstLaneOnly }) => {
    const { lanes } = job.phases[name]
    const expected = firstLaneOnly ? job.lanes.slice(0, 1) : job.lanes
    const open = expected.filter(lane => lanes[lane]?.ended !== true)
    return open.map(lane => ({
      code: 'phase_incomplete' as const,
      where: { stage, lane },
      expected: 'the end mark',
      found: lanes[lane] === undefined ? 'no such lane' : `offset ${lanes[lane].next} without an end mark`,
      message: `The job is completed, but ${name} never passed the end mark of lane ${lane}.`,
    }))
  })
}

/**
 * What a phase hands on is what the next one takes in. One that cannot be decoded there is rejected and counts as
 * nothing else. While work is under way a phase may have reported before the one in front of it where the two write to
 * different lanes of `progress`: that is so between LOADING, which writes to the first lane alone, and CHUNKING.
 */
const counts = (job: Job): readonly LedgerFinding[] =>
  phasesOf(job).flatMap(({ name, stage, before: feeder }) => {
    if (feeder === null) return []
    const before = phaseOf(feeder)
    const [from, to] = [job.phases[before.name], job.phases[name]]
    const settled = isComplete(from)
    if (before.firstLaneOnly && !settled) return []
    const most = handedTo(job, name)
    const least = settled && isComplete(to) ? most - to.rejects : 0
    if (to.items >= least && to.items <= most) return []
    return [
      {
        code: 'phase_counts' as const,
        where: { stage },
        expected: handedOn(most, from),
        found: to.items,
        message: `${before.name} handed on ${handedOn(most, from)} and ${name} took in ${to.items}.`,
      },
    ]
  })

const handedOn = (items: number, { rejects }: PhaseCount): string =>
  rejects === 0 ? String(items) : `${items} (${rejects} rejected)`

/** The rejects that a job counts, by stage. */
export const rejectsOf = (job: Job): ReadonlyMap<string, number> =>
  new Map(phasesOf(job).map(({ name, stage }) => [stage, job.phases[name].rejects]))

/** Documents and chunks that a run stored, where the ledger tells exactly: nothing was rejected after LOADING. */
export const storedBy = (job: Job): { readonly documents: number; readonly chunks: number } | null => {
  const { LOADING, CHUNKING, EMBEDDING, INDEXING, TABULATING } = job.phases
  // A row whose key was there before is rejected, and its document is that of the row before.
  if (CHUNKING.rejects + EMBEDDING.rejects + INDEXING.rejects + TABULATING.rejects > 0) return null
  return { documents: LOADING.outputs, chunks: INDEXING.items }
}
