import type { Code, Severity } from './codes.ts'

/**
 * The port by which what is stored is compared with itself and with Kafka. Bodies are those of the API (snake_case), so
 * nothing is mapped twice. `docs/VERIFY.md` says what each code compares.
 */
export interface Verifier {
  /** Compares all that belongs to a knowledge base; changes nothing. null when there is no such knowledge base. */
  verify(kbId: string, options: VerifyOptions): Promise<VerifyReport | null>
  /**
   * Carries out the repairs of these codes, each in transactions that look anew and leave alone what an unfinished job
   * may own, then verifies again. null when there is no such knowledge base.
   */
  repair(kbId: string, codes: readonly Code[], options: VerifyOptions): Promise<RepairReport | null>
  /** The same for what belongs to no knowledge base: free lanes, control, positions, tables without an owner. */
  verifyInstallation(options: VerifyOptions): Promise<VerifyReport>
  repairInstallation(codes: readonly Code[], options: VerifyOptions): Promise<RepairReport>
}

export interface VerifyOptions {
  /** Differences listed of each code; all are counted. */
  readonly limit: number
  /** Ends the work between its statements. */
  readonly signal: AbortSignal
}

export interface Difference {
  readonly code: Code
  readonly severity: Severity
  readonly where: Place
  readonly expected: string
  readonly found: string
  /** A sentence for people. */
  readonly message: string
  /** What `repair` would do about it; null where that is not safe, or was done. */
  readonly repair: string | null
  /** What people can do about it. */
  readonly advice: string
}

/** What a difference is about, as far as it is about such a thing. */
export interface Place {
  readonly kb_id: string | null
  readonly job_id: string | null
  readonly document_id: string | null
  readonly uri: string | null
  readonly stage: string | null
  readonly lane: number | null
}

export interface VerifyReport {
  /** null for what belongs to no knowledge base. */
  readonly kb_id: string | null
  readonly checked_at: string
  readonly status: 'clean' | 'differs'
  /** How much was compared. `documents` and `chunks` are those that readers see. */
  readonly checked: {
    readonly jobs: number
    readonly documents: number
    readonly chunks: number
    readonly lanes: number
  }
  /** Every code that was found, with how often, and how often something can be repaired. */
  readonly totals: readonly CodeTotal[]
  readonly differences: readonly Difference[]
  /** What could not be compared, and why; a report without differences is the whole truth only where this is empty. */
  readonly not_compared: readonly string[]
}

export interface CodeTotal {
  readonly code: Code
  readonly severity: Severity
  readonly count: number
  readonly repairable: number
  /** What `repair` does about those that are repairable; null where nothing is. */
  readonly repair: string | null
}

export interface RepairReport {
  /** What was done, by code; `count` is how many things were changed. */
  readonly repaired: readonly { readonly code: Code; readonly count: number }[]
  /** What holds after it. */
  readonly report: VerifyReport
}
