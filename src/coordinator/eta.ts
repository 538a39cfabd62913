import type { Phase } from '../schemas/names.ts'
import { incomplete } from './job-holds.ts'
import { isComplete, type Job } from './job-state.ts'
import { gapOf, meanRateOf, rateOf } from './pace.ts'
import { handedTo, itemsTotal } from './percent.ts'
import { phaseOf } from './phases.ts'

/** Times in ms of the Unix epoch. */
export interface Eta {
  readonly earliest: number
  readonly expected: number
  readonly latest: number
}

/** A length of time as a range, in ms. */
interface Span {
  readonly least: number
  readonly usual: number
  readonly most: number
}

/** What rates do that nobody can foresee; measured by `npm run bench:eta`, as all figures here. */
const quicker = 0.55
/** In its first ms of work a phase may become quicker still: its slices grow until they are as large as they may be. */
const young = { ms: 5_000, quicker: 0.3 } as const
const slower = 1.2
/** Totals that are estimated from the phase before may be off by so much. */
const estimatedBy = 1.2
/** When every phase with work left has been silent for so long, in ms, its rates tell nothing. */
const silenceMs = 120_000

/** FINISHING of so many chunks, in ms, most of which is the building of indexes. */
const finishing = (chunks: number): Span => ({
  least: 100 + 0.02 * chunks,
  usual: 200 + 0.1 * chunks,
  most: 600 + 0.25 * chunks,
})

interface Remaining {
  readonly items: number
  readonly estimated: boolean
}

/**
 * When the job will be done: the slowest of its phases decides, since they work at once on what the one before hands
 * on; FINISHING comes after all of them. null where there is no ground: it stands, nothing has moved yet or for long,
 * or a phase has work of which nobody knows how much.
 */
export const eta = (job: Job, now: number): Eta | null => {
  // A hold for back-pressure is no reason to be silent: the phases that decide go on meanwhile.
  if (job.status !== 'running' || job.paused.some(name => !isComplete(job.phases[name]))) return null
  const rest = job.finishing ? restOfFinishing(job, now) : restOfPhases(job, now)
  if (rest === null) return null
  return {
    earliest: Math.round(now + rest.least),
    expected: Math.round(now + rest.usual),
    latest: Math.round(now + rest.most),
  }
}

const restOfPhases = (job: Job, now: number): Span | null => {
  let slowest: Span = { least: 0, usual: 0, most: 0 }
  let newest = 0
  for (const name of incomplete(job)) {
    if (name === 'FINISHING') continue
    const remaining = remainingOf(job, name)
    if (remaining === null) return null
    if (remaining.items === 0) continue
    const { pace } = job.phases[name]
    const rates = pace === null ? [] : [rateOf(pace, now), meanRateOf(pace, now)].filter(rate => rate !== null)
    if (pace === null || rates.length === 0) return null
    newest = Math.max(newest, pace.at)
    const ms = (rate: number) => (1000 * remaining.items) / rate
    const wide = remaining.estimated ? estimatedBy : 1
    slowest = {
      least: Math.max(slowest.least, (ms(Math.max(...rates)) * (pace.ms < young.ms ? young.quicker : quicker)) / wide),
      usual: Math.max(slowest.usual, ms(rates[0]!)),
      most: Math.max(slowest.most, ms(Math.min(...rates)) * slower * wide + gapOf(pace)),
    }
  }
  if (newest === 0 || now - newest > silenceMs) return null
  const end = finishing(remainingOf(job, 'INDEXING')!.items + job.phases.INDEXING.items)
  return { least: slowest.least + end.least, usual: slowest.usual + end.usual, most: slowest.most + end.most }
}

/** Once it takes longer than was thought, it may take as long again. */
const restOfFinishing = (job: Job, now: number): Span => {
  const { items, completedAt } = job.phases.INDEXING
  const spent = Math.max(0, now - (completedAt ?? now))
  const { least, usual, most } = finishing(items)
  return {
    least: Math.max(0, least - spent),
    usual: Math.max(usual - spent, spent / 4),
    most: Math.max(most - spent, spent),
  }
}

/** What a phase has left; null where nobody knows how much there will be. */
const remainingOf = (job: Job, name: Phase): Remaining | null => {
  const { items } = job.phases[name]
  const total = itemsTotal(job, name)
  if (total !== null) return { items: Math.max(0, total - items), estimated: false }
  const { before } = phaseOf(name)
  if (before === null) return null
  const one = job.phases[before]
  const rest = remainingOf(job, before)
  if (rest === null || (one.items === 0 && rest.items > 0)) return null
  const handed = handedTo(job, name)
  const yielded = one.items === 0 ? 0 : handed / one.items
  return { items: Math.max(0, handed - items) + rest.items * yielded, estimated: true }
}
