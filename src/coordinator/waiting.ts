import type { EntityManager } from '@mikro-orm/postgresql'
import { JobRow, StageOwnersRow } from './entities.ts'
import { incomplete, missingOf } from './job-holds.ts'
import { queueOrder } from './job-rows.ts'
import { freeLanes } from './lanes.ts'
import { phaseOf } from './phases.ts'
import { bounds, unfinished } from './pressure.ts'
import { busyJobs } from './streams.ts'

export interface Limits {
  /** Lanes that jobs may be given. */
  readonly lanes: number
  /** How many jobs may be running at once. */
  readonly concurrency: number
}

/** Stage to lane to the worker that has it; a stage that nobody has looked at yet is left out. */
export type Owners = ReadonlyMap<string, Readonly<Record<string, string>>>

export const ownersOf = async (em: EntityManager): Promise<Owners> =>
  new Map((await em.find(StageOwnersRow, {})).map(({ stage, owners }) => [stage, owners]))

/**
 * Why jobs that do not move do not: a sentence for each of those of which it is truly known, to be read after "waiting
 * for". Costs nothing while all jobs have ended.
 */
export const waitingFor = async (
  em: EntityManager,
  rows: readonly JobRow[],
  limits: Limits,
  owners: Owners,
): Promise<ReadonlyMap<string, string>> => {
  const unended = rows.filter(({ status }) => status === 'pending' || status === 'running' || status === 'paused')
  const reasons = new Map<string, string>()
  if (unended.length === 0) return reasons
  const [lease] = await em.execute<{ held: boolean; trouble: string | null; now: Date }[]>(
    `select until > clock_timestamp() as held, trouble, clock_timestamp() as now from lease where name = 'coordinator'`,
  )
  const trouble = lease?.held === true ? lease.trouble : 'a coordinator: none is running'
  for (const row of unended) {
    const reason = standing(row) ?? trouble ?? moving(row, owners, new Date(lease!.now).getTime())
    if (reason !== null) reasons.set(row.id, reason)
  }
  const queued = unended.filter(({ id, status }) => status === 'pending' && !reasons.has(id))
  if (queued.length > 0) for (const [id, reason] of await inQueue(em, queued, limits)) reasons.set(id, reason)
  return reasons
}

const standing = ({ status, state }: JobRow): string | null =>
  status === 'paused' ? `its resume: it was paused at ${iso(state.pauseAskedAt)}` : null

/** The first of its phases that stands, in the order in which documents pass them. */
const moving = ({ status, state }: JobRow, owners: Owners, now: number): string | null => {
  if (status !== 'running') return null
  const missing = missingOf(state)
  if (state.status === 'cancelling' || state.status === 'pausing') {
    const what = state.status === 'pausing' ? 'the pause' : 'the cancel'
    if (missing.length === 0) return `${what}: what it has half written is removed`
    const { stage, lane } = missing[0]!
    const others = missing.length === 1 ? '' : ` and ${missing.length - 1} more`
    return `${what} to be acknowledged by ${stage} lane ${lane}${ownerNamed(owners, stage, lane)}${others}`
  }
  for (const name of incomplete(state)) {
    const { stage } = phaseOf(name)
    const { lanes } = state.phases[name]
    if (state.paused.includes(name)) return `the resume of ${name}: it was paused at ${iso(state.pauseAskedAt)}`
    const known = owners.get(stage)
    if (known && Object.keys(lanes).every(lane => known[lane] === undefined))
      return `a worker for ${name}: none is running (penstock run ${stage})`
    const waiting = Object.values(lanes).flatMap(lane => lane.waiting ?? [])
    const next = Math.min(...waiting.map(({ until }) => until))
    if (waiting.length > 0)
      return `${name}: ${waiting[0]!.message} (${next > now ? `next attempt at ${iso(next)}` : 'the next attempt is under way'})`
  }
  if (!state.pressed) return null
  const { chunks, documents } = unfinished(state)
  const [what, most] =
    chunks * bounds.documents > documents * bounds.chunks ? ['chunks', bounds.chunks] : ['documents', bounds.documents]
  return `back-pressure: ${most} ${what} were unfinished, so LOADING stands until it is half as many`
}

const ownerNamed = (owners: Owners, stage: string, lane: number): string => {
  const owner = owners.get(stage)?.[lane]
  return owner === undefined ? ' (it has no worker)' : ` (${owner})`
}

const inQueue = async (em: EntityManager, rows: readonly JobRow[], limits: Limits): Promise<Map<string, string>> => {
  const reasons = new Map<string, string>()
  const running = await busyJobs(em)
  const free = await freeLanes(em, limits.lanes)
  const ahead = await em.find(JobRow, { status: 'pending' }, { fields: ['id'], orderBy: queueOrder })
  for (const { id, kind } of rows) {
    const before = ahead.findIndex(job => job.id === id)
    const behind = Math.max(0, before) + running
    if (kind !== 'stream' && running >= limits.concurrency)
      reasons.set(id, `queued behind ${behind} ${behind === 1 ? 'job' : 'jobs'} (${limits.concurrency} run at once)`)
    else if (free.length === 0) reasons.set(id, `a free lane: all ${limits.lanes} are taken`)
    else if (before > 0) reasons.set(id, `queued behind ${before} ${before === 1 ? 'job' : 'jobs'}`)
  }
  return reasons
}

const iso = (at: number | null): string => new Date(at ?? 0).toISOString()
