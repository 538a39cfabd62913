import type { EntityManager } from '@mikro-orm/postgresql'
import type { Broker } from '../kafka/broker.ts'
import { intake } from '../schemas/names.ts'
import { upstreamDocuments } from '../schemas/topics.ts'
import { JobRow } from './entities.ts'
import { isComplete, type PhaseCount } from './job-state.ts'
import { LagLog } from './lag-log.ts'
import { type PhaseSpec, phasesOf } from './phases.ts'
import { ownersOf } from './waiting.ts'

/** The line at a moment, as numbers. */
export interface LineGauges {
  readonly running: number
  readonly paused: number
  readonly queued: number
  /** Jobs that failed and can be retried. */
  readonly failed: number
  /**
   * By the first stage that running jobs have not passed: the silence of the one that is silent longest, in seconds.
   * Streams and jobs with a hold are left out.
   */
  readonly silence: readonly { readonly stage: string; readonly seconds: number }[]
  /** Dead letters that nobody has dealt with, by stage. */
  readonly deadLetters: readonly { readonly stage: string; readonly count: number }[]
  /** Lanes of unfinished jobs in stages that have not passed their end, and all partitions that INTAKE reads. */
  readonly lanes: readonly LaneGauge[]
  /**
   * Processes that own lanes of stages which are needed: by unfinished jobs, INTAKE by streams and unread events. One of
   * which nobody can say is left out.
   */
  readonly workers: readonly { readonly stage: string; readonly count: number }[]
}

export interface LaneGauge {
  readonly stage: string
  readonly lane: number
  /** Offsets between what is committed and the end. */
  readonly lag: number
  readonly ageSeconds: number
  readonly held: boolean
}

export interface LineGaugesOptions {
  readonly em: EntityManager
  readonly broker: Pick<Broker, 'range' | 'committed' | 'owners'>
  /** Partitions of `upstream.documents`. */
  readonly partitions: number
}

/**
 * Behind the last record of a lane stands the marker of its transaction, which no stage takes. Upstream may write without
 * transactions.
 */
const marker = 1

/** Dead letters may be many, so they are counted no more often, in ms. */
const lettersMs = 15_000

/** Returns the look that gives the gauges; it remembers what it saw, so that it can tell ages. */
export const lineGauges = ({ em, broker, partitions }: LineGaugesOptions): (() => Promise<LineGauges>) => {
  const log = new LagLog()
  let letters: { readonly at: number; readonly open: LineGauges['deadLetters'] } | null = null
  return async () => {
    const fork = em.fork()
    const jobs = await fork.find(JobRow, {
      status: { $in: ['pending', 'running', 'paused', 'failed'] },
      closedAt: null,
    })
    const of = (status: string) => jobs.filter(one => one.status === status)
    if (letters === null || performance.now() - letters.at > lettersMs) {
      letters = { at: performance.now(), open: await openLetters(fork) }
    }
    const [clock] = await fork.execute<{ now: Date }[]>('select clock_timestamp() as now')
    const places = [...jobs.flatMap(placesOf), ...upstreamPlaces(partitions)]
    const lanes = await Promise.all(places.map(place => gaugeOf(place, broker, log)))
    log.keep(new Set(places.map(nameOf)))
    const owners = new Map(await ownersOf(fork))
    const needed = new Set(of('running').flatMap(job => openPhases(job).map(({ stage }) => stage)))
    const streams = jobs.some(({ kind }) => kind === 'stream')
    if (streams || lanes.some(({ stage, lag }) => stage === intake && lag > 0)) {
      needed.add(intake)
      const known = await broker.owners(intake, upstreamDocuments.name)
      if (known) owners.set(intake, Object.fromEntries(known))
    }
    return {
      running: of('running').length,
      paused: of('paused').length,
      queued: of('pending').length,
      failed: of('failed').length,
      silence: silences(of('running'), new Date(clock!.now).getTime()),
      deadLetters: letters.open,
      lanes,
      workers: [...needed].flatMap(stage => {
        const known = owners.get(stage)
        return known ? [{ stage, count: new Set(Object.values(known)).size }] : []
      }),
    }
  }
}

const openLetters = async (em: EntityManager): Promise<LineGauges['deadLetters']> => {
  const rows = await em.execute<{ stage: string; count: string }[]>(
    `select stage, count(*) as count from dead_letter where replay_job_id is null and discarded_at is null group by stage`,
  )
  return rows.map(({ stage, count }) => ({ stage, count: Number(count) }))
}

interface Place {
  readonly stage: string
  readonly lane: number
  readonly topic: string
  /** How far the coordinator has counted: at least so much is committed. */
  readonly next: number
  readonly held: boolean
}

const openPhases = ({ state }: JobRow): readonly PhaseSpec[] =>
  phasesOf(state).filter(({ name }) => !isComplete(state.phases[name]))

const placesOf = (job: JobRow): readonly Place[] =>
  openPhases(job).flatMap(({ name, stage, input }) => {
    const { lanes, held } = job.state.phases[name]
    return Object.entries(lanes)
      .filter(([, { ended }]) => !ended)
      .map(([lane, { next }]) => ({ stage, lane: Number(lane), topic: input.name, next, held: held !== null }))
  })

const upstreamPlaces = (partitions: number): readonly Place[] =>
  Array.from({ length: partitions }, (_, lane) => ({
    ...{ stage: intake, lane, topic: upstreamDocuments.name, next: 0, held: false },
  }))

const nameOf = ({ stage, lane }: Pick<Place, 'stage' | 'lane'>): string => `${stage}/${lane}`

const gaugeOf = async (place: Place, broker: LineGaugesOptions['broker'], log: LagLog): Promise<LaneGauge> => {
  const { stage, lane, topic, next, held } = place
  const range = await broker.range(topic, lane)
  const end = range.end - (stage === intake ? 0 : marker)
  const committed = Math.max(next, range.start, (await broker.committed(stage, topic, lane)) ?? 0)
  const ageSeconds = log.ageOf(nameOf(place), committed, end, performance.now())
  return { stage, lane, held, ageSeconds, lag: Math.max(0, end - committed) }
}

const silences = (running: readonly JobRow[], now: number): LineGauges['silence'] => {
  const longest = new Map<string, number>()
  for (const job of running) {
    const phases: readonly PhaseCount[] = Object.values(job.state.phases)
    const [open] = openPhases(job)
    if (!open || job.kind === 'stream' || phases.some(({ held }) => held !== null)) continue
    const last = Math.max(job.startedAt?.getTime() ?? now, ...phases.map(({ pace }) => pace?.at ?? 0))
    longest.set(open.stage, Math.max(longest.get(open.stage) ?? 0, (now - last) / 1000))
  }
  return [...longest].map(([stage, seconds]) => ({ stage, seconds }))
}
