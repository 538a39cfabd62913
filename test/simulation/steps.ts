import fc from 'fast-check'
import { type Verb, verbs } from '../../src/coordinator/jobs.ts'
import { phaseOfStage } from '../../src/coordinator/phases.ts'
import { type Phase, phaseNames } from '../../src/schemas/names.ts'
import type { Blow } from './strikes.ts'
import type { Op } from './wire.ts'

/** Something that is done to the world at a virtual time, in ms. */
export type Step = { readonly at: number } & (
  | { readonly do: 'command'; readonly job: number; readonly verb: Verb; readonly phase: Phase | null }
  /** The process is away so long. */
  | { readonly do: 'kill' | 'stop'; readonly process: string; readonly ms: number }
  | { readonly do: 'freeze'; readonly process: string; readonly ms: number }
  /** The next such call of the process is struck; a name may be that of all workers, `w`, or all coordinators, `c`. */
  | ({ readonly do: 'strike'; readonly process: string; readonly op: Op } & Blow)
  /** A worker leaves the group of a stage and joins it again: its lanes go to others. */
  | { readonly do: 'rejoin'; readonly process: string; readonly stage: string }
  | { readonly do: 'error'; readonly stage: string; readonly error: StageError; readonly times: number }
)

export type StageError = 'retry' | 'wait' | 'fatal'

export const workers = ['w1', 'w2'] as const
export const coordinators = ['c1', 'c2'] as const
const stages = ['loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const

/** Most happens while jobs are young: later nothing is left to strike. */
const at = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 2_200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8_000 }) },
)
const worker = fc.constantFrom(...workers)
const anyone = fc.constantFrom(...workers, ...coordinators)
const stage = fc.constantFrom(...stages)
/** Short, or past a session and a lease. */
const ms = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 600, max: 4_000 }),
  fc.integer({ min: 4_000, max: 9_000 }),
)

const database: readonly Op[] = ['begin transaction', 'commit transaction', 'commit transaction']
const ops: readonly Op[] = [
  ...['fence', 'caughtUp', 'committed', 'range', 'send', 'offset', 'commit', 'commit', 'owners', 'model', 'deliver'],
  ...database,
] as Op[]
const blows: readonly Blow['blow'][] = ['kill before', 'kill', 'freeze', 'refused', 'lost', 'late', 'slow']

const command = fc.record({
  do: fc.constant('command' as const),
  at,
  job: fc.nat(2),
  verb: fc.constantFrom<Verb>(...verbs, 'pause', 'resume'),
  phase: fc.option(fc.constantFrom(...phaseNames), { freq: 2 }),
})
const kill = fc.record({
  do: fc.constantFrom('kill' as const, 'kill' as const, 'stop' as const),
  at,
  process: anyone,
  ms,
})
const freeze = fc.record({ do: fc.constant('freeze' as const), at, process: anyone, ms })
const strike = fc.record({
  do: fc.constant('strike' as const),
  at,
  process: fc.constantFrom('w', 'w', ...workers, 'c', ...coordinators),
  op: fc.constantFrom(...ops),
  blow: fc.constantFrom(...blows),
  ms,
})
/** Users are not killed, but they too lose answers. */
const unanswered = fc.record({
  do: fc.constant('strike' as const),
  at,
  process: fc.constant('user'),
  op: fc.constantFrom(...database),
  blow: fc.constantFrom<Blow['blow']>('refused', 'lost'),
  ms,
})
const rejoin = fc.record({ do: fc.constant('rejoin' as const), at, process: worker, stage })
const error = fc.record({
  do: fc.constant('error' as const),
  at,
  stage,
  error: fc.constantFrom<StageError>('retry', 'wait', 'fatal'),
  times: fc.integer({ min: 1, max: 3 }),
})

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: command },
  { weight: 2, arbitrary: kill },
  { weight: 2, arbitrary: freeze },
  { weight: 6, arbitrary: strike },
  { weight: 1, arbitrary: unanswered },
  { weight: 2, arbitrary: rejoin },
  { weight: 3, arbitrary: error },
)

const trouble = fc.array(fc.oneof(kill, freeze, strike, strike, rejoin), { minLength: 1, maxLength: 3 })

/** Trouble that comes together, and somebody who wants the job to stand, or to end, in the midst of it. */
const troubled = fc
  .record({
    at: fc.integer({ min: 0, max: 2_200 }),
    within: fc.constantFrom(50, 300, 1_500),
    trouble,
    verb: fc.constantFrom<Verb>('pause', 'pause', 'cancel'),
    phase: fc.option(fc.constantFrom(...phaseNames), { freq: 3 }),
    later: fc.integer({ min: 0, max: 2_500 }),
  })
  .map(({ at, within, trouble, verb, phase, later }): readonly Step[] => [
    ...trouble.map(one => ({ ...one, at: at + (one.at % within) })),
    { at: at + later, do: 'command', job: 0, verb, phase: verb === 'cancel' ? null : phase },
  ])

/** A request that is on its way for long, a hold that comes meanwhile, and the lane goes to another worker. */
const handedOver = fc
  .record({
    at: fc.integer({ min: 200, max: 2_500 }),
    process: worker,
    stage,
    op: fc.constantFrom<Op>('begin transaction', 'commit transaction', 'send', 'commit', 'model'),
    ms: fc.integer({ min: 600, max: 4_500 }),
    verb: fc.constantFrom<Verb>('pause', 'cancel'),
    held: fc.integer({ min: 0, max: 600 }),
    given: fc.integer({ min: 0, max: 800 }),
  })
  .map(({ at, process, stage, op, ms, verb, held, given }): readonly Step[] => [
    { at, do: 'strike', process, op, blow: 'slow', ms },
    { at: at + held, do: 'command', job: 0, verb, phase: null },
    { at: at + held + given, do: 'rejoin', process, stage },
  ])

/** A worker hears late of a hold, which the one before it in the lane has acknowledged. */
const lateWord = fc
  .record({
    at: fc.integer({ min: 200, max: 1_800 }),
    process: worker,
    other: worker,
    stage,
    ms: fc.integer({ min: 600, max: 4_500 }),
    held: fc.integer({ min: 0, max: 100 }),
    given: fc.integer({ min: 100, max: 1_500 }),
  })
  .map(({ at, process, other, stage, ms, held, given }): readonly Step[] => [
    { at, do: 'strike', process, op: 'deliver', blow: 'slow', ms },
    { at: at + held, do: 'command', job: 0, verb: 'pause', phase: phaseOfStage(stage)!.name },
    { at: at + held + given, do: 'rejoin', process: other, stage },
  ])

/** A commit that is on its way for longer than the session of who sent it, a hold, and nobody is left to acknowledge it. */
const deserted = fc
  .record({
    at: fc.integer({ min: 200, max: 2_000 }),
    process: worker,
    ms: fc.integer({ min: 5_500, max: 9_000 }),
    died: fc.integer({ min: 50, max: 400 }),
    held: fc.integer({ min: 0, max: 600 }),
    verb: fc.constantFrom<Verb>('pause', 'cancel'),
  })
  .map(({ at, process, ms, died, held, verb }): readonly Step[] => [
    { at, do: 'strike', process, op: 'commit', blow: 'slow', ms },
    ...workers.map(each => ({ at: at + died, do: 'kill' as const, process: each, ms: 10_000 })),
    { at: at + held, do: 'command', job: 0, verb, phase: null },
  ])

/** A write to the store that arrives when its lane is another worker's. */
const lateEffect = fc
  .record({
    at: fc.integer({ min: 300, max: 3_500 }),
    process: worker,
    op: fc.constantFrom<Op>('begin transaction', 'commit transaction'),
    ms: fc.integer({ min: 600, max: 3_000 }),
    given: fc.integer({ min: 20, max: 500 }),
  })
  .map(({ at, process, op, ms, given }): readonly Step[] => [
    { at, do: 'strike', process, op, blow: 'slow', ms },
    { at: at + given, do: 'rejoin', process, stage: 'indexing' },
  ])

/** The work of a coordinator that arrives when its lease is another's, who has gone on meanwhile. */
const lateCoordinator = fc
  .record({
    at: fc.integer({ min: 0, max: 6_000 }),
    op: fc.constantFrom<Op>('begin transaction', 'begin transaction', 'commit transaction', 'fence', 'range', 'commit'),
    ms: fc.integer({ min: 3_200, max: 7_000 }),
    verb: fc.constantFrom<Verb>('cancel', 'pause', 'retry'),
    asked: fc.integer({ min: 0, max: 6_000 }),
  })
  .map(({ at, op, ms, verb, asked }): readonly Step[] => [
    { at, do: 'strike', process: 'c', op, blow: 'slow', ms },
    { at: at + asked, do: 'command', job: 0, verb, phase: null },
  ])

/** What takes several things that meet, which the others hardly ever bring together. */
export const rareScene = fc.oneof(deserted, lateEffect, lateCoordinator)

export const scene = fc.oneof(
  { weight: 3, arbitrary: troubled },
  { weight: 2, arbitrary: handedOver },
  { weight: 1, arbitrary: lateWord },
)
