import type { Client } from '../api/client.ts'
import type { CreatedKey, KeyBodyRequest } from '../api/contract/keys.ts'

/** What the verbs are given of the world; composition makes it of the process. */
export interface CliContext {
  readonly stdout: Output
  readonly stderr: Output
  /** Relative paths start here. */
  readonly cwd: string
  readonly version: string
  /** Aborts on Ctrl-C: calls end, and a watch says that the job goes on. */
  readonly signal: AbortSignal
  /** Asks the person at the terminal; null where there is none. */
  confirm(question: string): Promise<boolean | null>
  /** A client of the running Penstock; throws a sentence when its address cannot be known. */
  client(): Promise<Client>
  /** Makes a key in the database itself; throws a sentence when it is not known. */
  createKey(request: KeyBodyRequest): Promise<CreatedKey>
  /** Every setting with where it came from, secrets hidden. */
  settings(): readonly Setting[]
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

export interface Setting {
  /** Its place in penstock.yaml. */
  readonly key: string
  readonly env: string
  /** null when it is not set. */
  readonly value: string | null
  /** `default`, `environment`, `flag` or the path of the file. */
  readonly from: string
  readonly doc: string
}

/** Ends a verb that has already said all there is to say. */
export class ExitCode extends Error {
  override readonly name = 'ExitCode'
  readonly exitCode: number
  constructor(exitCode: number) {
    super(`exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** What was asked for makes no sense; printed as it is, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
