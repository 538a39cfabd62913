import type { SourceMistake } from '../kind.ts'
import type { RawRows } from './csv-rows.ts'
import type { TablePlan } from './table-plan.ts'

/** A file of a table, opened and held against its mapping. */
export interface TableFile {
  readonly uri: string
  readonly identity: string
  readonly plan: TablePlan
  /** Where the first row begins. */
  readonly start: number
  /** The next rows from a place on, `most` of them unless that is 0. */
  rows(from: number, most: number): Promise<RawRows>
  /** Rows in all; null where that cannot be told quickly. */
  count(signal: AbortSignal): Promise<number | null>
  /** Whether the file is another than when it was opened. Throws FileRefusal where it is gone. */
  changed(): Promise<boolean>
  close(): Promise<void>
}

export const isTableFile = (found: TableFile | readonly SourceMistake[]): found is TableFile => 'plan' in found
