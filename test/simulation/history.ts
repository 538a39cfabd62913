import fc from 'fast-check'
import type { Shape } from './shape.ts'
import { rareScene, type Step, scene, step } from './steps.ts'

/** All that a run of the simulation follows from. */
export interface History {
  /** Decides the order of what happens at once, and how long everything takes. */
  readonly seed: number
  readonly jobs: readonly Shape[]
  readonly steps: readonly Step[]
}

const shape: fc.Arbitrary<Shape> = fc.record({
  at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
  sources: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 2 }),
  lanes: fc.integer({ min: 1, max: 2 }),
  bad: fc.constantFrom('none', 'none', 'file', 'text', 'chunk'),
})

export const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(),
  jobs: fc.oneof(
    { weight: 4, arbitrary: fc.array(shape, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(shape, { minLength: 2, maxLength: 3 }) },
  ),
  steps: fc
    .tuple(
      fc.array(step, { maxLength: 6, size: 'max' }),
      fc.array(scene, { maxLength: 2, size: 'max' }),
      fc.array(rareScene, { maxLength: 1, size: 'max' }),
    )
    .map(([steps, ...scenes]) => [...steps, ...scenes.flat(2)]),
})
