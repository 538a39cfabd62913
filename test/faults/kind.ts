import type { Expected } from '../system/scenario.ts'
import type { Rig } from './rig.ts'

/** The job that a fault strikes. */
export interface Target {
  readonly job: string
  readonly kb: string
  /** Says more of the fault, once. */
  tell(more: Struck): void
}

/** What a fault is struck on, beside one Kafka and one PostgreSQL with all the space they want. */
export type Setting = 'three brokers' | 'small disks'

/** What sort of job is struck. */
export type SubjectName = 'documents' | 'table' | 'stream'

/** One kind of fault: a line of the table in docs/GUARANTEES.md. */
export interface Kind {
  readonly name: string
  /** The rows of the matrix of faults that it stands for: a matrix counts what can happen, a kind is how it is done. */
  readonly rows: readonly number[]
  readonly setting?: Setting
  /** A job of documents unless stated. */
  readonly on?: SubjectName
  /** What of the invariant it is most likely to break. */
  readonly threatens: string
  /** How long it may take beside the job itself, in ms; those above 20 s are left out of short runs. */
  readonly takesMs: number
  /** Strikes the running job, and resolves when the fault is over. Throws NotStruck when there was no occasion. */
  strike(rig: Rig, target: Target, random: () => number): Promise<void>
}

/** What else a fault has to say. */
export interface Struck {
  /** The job that has to be whole in the struck one's stead. */
  readonly job?: string
  /** What the job is to be other than an undisturbed one. */
  readonly expected?: Expected
  /** Figures of this fault alone, for people. */
  readonly note?: string
}
