import type { Rig } from './rig.ts'

/** The job that a fault strikes. */
export interface Target {
  readonly job: string
  readonly kb: string
}

/** One kind of fault: a row of the matrix in docs/GUARANTEES.md. */
export interface Kind {
  readonly name: string
  /** What of the invariant it is most likely to break. */
  readonly threatens: string
  /** How long it may take beside the job itself, in ms; those above 20 s are left out of short runs. */
  readonly takesMs: number
  /** Strikes the running job, and resolves when the fault is over. Throws NotStruck when there was no occasion. */
  strike(rig: Rig, target: Target, random: () => number): Promise<void>
}
