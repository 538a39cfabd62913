import type { Kind, Setting } from './kind.ts'
import { seeded, shuffled } from './random.ts'

/** One fault of a run; its seed decides all that is left to chance in it. */
export interface Planned {
  readonly kind: Kind
  readonly seed: number
}

/** So many faults, each kind as often as every other give or take one, in an order and with details that the seed decides. */
export const schedule = (kinds: readonly Kind[], faults: number, seed: number): readonly Planned[] => {
  const random = seeded(seed)
  const planned: Planned[] = []
  while (planned.length < faults)
    for (const kind of shuffled(kinds, random).slice(0, faults - planned.length))
      planned.push({ kind, seed: Math.floor(random() * 2 ** 31) })
  return planned
}

/** The same faults by what they are struck on, in their order; the plain setting comes first. */
export const bySetting = (plan: readonly Planned[]): ReadonlyMap<Setting | undefined, readonly Planned[]> =>
  Map.groupBy(
    plan.toSorted((a, b) => (a.kind.setting ?? '').localeCompare(b.kind.setting ?? '')),
    ({ kind }) => kind.setting,
  )
