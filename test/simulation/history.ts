import fc from 'fast-check'
import { type Verb, verbs } from '../../src/coordinator/jobs.ts'
import { type Phase, phaseNames } from '../../src/schemas/names.ts'
import type { Shape } from './shape.ts'
import type { Blow } from './strikes.ts'
import type { Op } from './wire.ts'

/** Something that is done to the world at a virtual time, in ms. */
export type Step = { readonly at: number } & (
  | { readonly do: 'command'; readonly job: number; readonly verb: Verb; readonly phase: Phase | null }
  | { readonly do: 'kill'; readonly process: string; readonly ms: number }
  | { readonly do: 'freeze'; readonly process: string; readonly ms: number }
  | ({ readonly do: 'strike'; readonly process: string; readonly op: Op } & Blow)
  | { readonly do: 'drop'; readonly process: string; readonly stage: string }
  | { readonly do: 'error'; readonly stage: string; readonly error: StageError; readonly times: number }
)

export type StageError = 'retry' | 'wait' | 'fatal'

/** All that a run of the simulation follows from. */
export interface History {
  readonly seed: number
  readonly jobs: readonly Shape[]
  readonly steps: readonly Step[]
}

export const workers = ['w1', 'w2'] as const
export const coordinators = ['c1', 'c2'] as const
const stages = ['loading', 'chunking', 'embedding', 'indexing', 'finishing'] as const

/** Most happens while jobs are young: later nothing is left to strike. */
const at = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8_000 }) },
)
const anyone = fc.constantFrom(...workers, ...coordinators)
/** Short, or past a session and a lease. */
const ms = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 600, max: 4_000 }),
  fc.integer({ min: 4_000, max: 9_000 }),
)

const line: readonly Op[] = ['fence', 'caughtUp', 'committed', 'range', 'send', 'offset', 'commit', 'commit']
const database: readonly Op[] = ['begin transaction', 'commit transaction', 'commit transaction']

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('command' as const),
      at,
      job: fc.nat(2),
      verb: fc.constantFrom(...verbs, 'pause' as const, 'resume' as const),
      phase: fc.option(fc.constantFrom(...phaseNames), { freq: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      at,
      process: anyone,
      ms: fc.integer({ min: 50, max: 8_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const), at, process: anyone, ms }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('strike' as const),
      at,
      process: fc.constantFrom(...workers, ...workers, ...coordinators),
      op: fc.constantFrom(...line, ...database, 'owners' as const, 'model' as const, 'deliver' as const),
      blow: fc.constantFrom(
        'kill before' as const,
        'kill' as const,
        'freeze' as const,
        'refused' as const,
        'lost' as const,
        'late' as const,
        'slow' as const,
      ),
      ms,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('strike' as const),
      at,
      process: fc.constant('user'),
      op: fc.constantFrom(...database),
      blow: fc.constantFrom('refused' as const, 'lost' as const),
      ms,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('drop' as const),
      at,
      process: fc.constantFrom(...workers),
      stage: fc.constantFrom(...stages),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('error' as const),
      at,
      stage: fc.constantFrom(...stages),
      error: fc.constantFrom('retry' as const, 'wait' as const, 'fatal' as const),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
)

const shape: fc.Arbitrary<Shape> = fc.record({
  at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
  sources: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  lanes: fc.integer({ min: 1, max: 2 }),
  bad: fc.constantFrom('none' as const, 'none' as const, 'file' as const, 'text' as const, 'chunk' as const),
})

export const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(),
  jobs: fc.oneof(
    { weight: 4, arbitrary: fc.array(shape, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(shape, { minLength: 2, maxLength: 3 }) },
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 8, size: 'max' }),
})
