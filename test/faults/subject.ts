import type { StageName } from '../../src/pipeline.ts'
import type { Role } from '../../src/roles.ts'
import type { Struck } from './kind.ts'
import type { Rig } from './rig.ts'

/** A sort of job: how it is begun on the rig, and what it has to come to. */
export interface Subject {
  /** Workers that it needs beside those of every job. */
  readonly roles: readonly Role[]
  /** Whose lanes have to be worked on again after a fault. */
  readonly stages: readonly StageName[]
  /** How long a bite of a source is made to take, in seconds. */
  readonly biteS: number
  begin(rig: Rig, kb: string, random: () => number): Promise<Begun>
}

export interface Begun {
  readonly job: string
  /** Resolves when the job is in the middle of its work, at a place that chance decides. */
  underWay(random: () => number): Promise<unknown>
  /** Throws what is broken, once the job has done all that it has to; resolves with when that was, in Unix ms. */
  isWhole(struck: Struck): Promise<number>
  /** Ends what was begun beside the job, whether it is whole or not. */
  end(): Promise<void>
}
