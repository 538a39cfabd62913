import type { Failpoint } from '../../src/runtime/failpoint.ts'

/** What a process is to do when it next comes to a failpoint. */
export interface Order {
  readonly id: number
  readonly point: Failpoint
  /** Of any stage unless stated. */
  readonly stage?: string
  /** Only when the stage is called with a record of this document, and then each time. */
  readonly document?: string
  /** `break` is an error as a defect of the stage throws it. */
  readonly action: 'kill' | 'throw' | 'sleep' | 'block' | 'break'
  /** For `sleep` and `block`. */
  readonly ms?: number
}

/**
 * Sent to a process: an order, that one is taken back, whether it may strike (another may have been quicker), or by how
 * many ms its wall clock is wrong from now on.
 */
export type Told =
  | Order
  | { readonly withdrawn: number }
  | { readonly may: boolean; readonly of: number }
  | { readonly clock: number }

/** Sent by a process: who it is, and that it would strike. */
export type Said = { readonly pid: number } | { readonly struck: number }

/** Where the process finds whom it takes orders from. */
export const portVariable = 'FAULTS_PORT'
