import type { Phase } from '../schemas/names.ts'
import { incomplete } from './job-holds.ts'
import { isComplete, type Job } from './job-state.ts'
import { meanRateOf, rateOf } from './pace.ts'
import { itemsTotal } from './percent.ts'
import { phaseBefore } from './phases.ts'

/** Times in ms of the Unix epoch. */
export interface Eta {
  readonly earliest: number
  readonly expected: number
  readonly latest: number
}

/** What rates do that nobody can foresee; measured by `npm run bench:eta`. */
const quicker = 0.75
const slower = 1.4
/** An end has its own work: the last slices of all phases one after the other, and FINISHING, in ms. */
const tailMs = { least: 50, usual: 500, most: 3_000 } as const

interface Remaining {
  readonly items: number
  /** Of what it would be at most: totals that are estimated from the phase before may be off. */
  readonly estimated: boolean
}

/**
 * When the job will be done: the slowest of its phases decides, since they work at once on what the one before hands
 * on. Each is given what it has left over its rate, of late and over all, whichever is worse or better for the range.
 * null where there is no ground: it stands, nothing has moved, or a phase has work of which nobody knows how much.
 */
export const eta = (job: Job, now: number): Eta | null => {
  if (job.status !== 'running' || Object.values(job.phases).some(phase => phase.held !== null)) return null
  let slowest = { least: 0, usual: 0, most: 0 }
  let known = false
  for (const name of incomplete(job)) {
    if (name === 'FINISHING') continue
    const remaining = remainingOf(job, name)
    if (remaining === null) return null
    if (remaining.items === 0) continue
    const { pace } = job.phases[name]
    const rates = pace === null ? [] : [rateOf(pace, now), meanRateOf(pace)].filter(rate => rate !== null)
    if (rates.length === 0) return null
    known = true
    const ms = (rate: number) => (1000 * remaining.items) / rate
    const wide = remaining.estimated ? 1.3 : 1
    slowest = {
      least: Math.max(slowest.least, (ms(Math.max(...rates)) * quicker) / wide),
      usual: Math.max(slowest.usual, ms(rates[0]!)),
      most: Math.max(slowest.most, ms(Math.min(...rates)) * slower * wide),
    }
  }
  if (!known && !job.finishing) return null
  return {
    earliest: Math.round(now + slowest.least + tailMs.least),
    expected: Math.round(now + slowest.usual + tailMs.usual),
    latest: Math.round(now + slowest.most + tailMs.most),
  }
}

/** What a phase has left; null where nobody knows how much there will be. */
const remainingOf = (job: Job, name: Phase): Remaining | null => {
  const { items } = job.phases[name]
  const total = itemsTotal(job, name)
  if (total !== null) return { items: Math.max(0, total - items), estimated: false }
  const before = phaseBefore(name)
  if (!before) return null
  const one = job.phases[before.name]
  const rest = remainingOf(job, before.name)
  if (rest === null || (one.items === 0 && !isComplete(one))) return null
  const yielded = one.items === 0 ? 0 : one.outputs / one.items
  return { items: Math.max(0, one.outputs - items) + rest.items * yielded, estimated: true }
}
