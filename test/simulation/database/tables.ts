import {
  CommandRow,
  DeadLetterRow,
  FollowedRow,
  JobRow,
  LaneRow,
  PublicationRow,
  StageOwnersRow,
} from '../../../src/coordinator/entities.ts'
import { AppliedRow } from '../../../src/knowledge/entities.ts'

export type Row = Record<string, unknown>

/** What INDEXING has stored, one row a write: a second write of the same is a second row. */
export interface WriteRow {
  readonly job_id: string
  readonly document_id: string
  readonly version: number
  /** The chunk's, or null for the end of the document. */
  readonly position: number | null
}

/** The one row of `lease`. Times are virtual milliseconds. */
export interface LeaseRow {
  epoch: number
  holder: string
  until: number
  trouble: string | null
}

/** The tables that are reached through entities: what makes a row's key, and what a new row has by itself. */
export const specs = new Map<
  unknown,
  { readonly key: readonly string[]; readonly defaults: (next: () => number, now: Date) => Row }
>([
  [
    JobRow,
    {
      key: ['id'],
      defaults: (next, now) => ({
        number: next(),
        submittedAt: now,
        startedAt: null,
        completedAt: null,
        closedAt: null,
      }),
    },
  ],
  [
    CommandRow,
    {
      key: ['id'],
      defaults: (next, now) => ({
        id: next(),
        phase: null,
        createdAt: now,
        appliedAt: null,
        commandId: null,
        refusal: null,
      }),
    },
  ],
  [LaneRow, { key: ['lane'], defaults: () => ({ jobId: null, revision: 0, starts: {}, leaving: false }) }],
  [PublicationRow, { key: ['id'], defaults: (_, now) => ({ createdAt: now }) }],
  [FollowedRow, { key: ['topic', 'lane'], defaults: () => ({}) }],
  [StageOwnersRow, { key: ['stage'], defaults: () => ({}) }],
  [DeadLetterRow, { key: ['lane', 'position'], defaults: (_, now) => ({ createdAt: now }) }],
  [AppliedRow, { key: ['jobId', 'stage', 'lane'], defaults: () => ({ nextOffset: 0, fence: 1, rejects: [] }) }],
])

/** The rows of one table by key, in the order in which they came. Every change says how to take it back. */
export class Table {
  readonly #rows = new Map<string, Row>()
  readonly #key: readonly string[]
  readonly #undo: (back: () => void) => void

  constructor(key: readonly string[], undo: (back: () => void) => void) {
    this.#key = key
    this.#undo = undo
  }

  all(): Row[] {
    return [...this.#rows.values()]
  }

  like(row: Row): Row | undefined {
    return this.#rows.get(this.#keyOf(row))
  }

  insert(row: Row): void {
    const key = this.#keyOf(row)
    if (this.#rows.has(key)) throw new Error(`duplicate key ${key}`)
    this.#rows.set(key, row)
    this.#undo(() => this.#rows.delete(key))
  }

  update(row: Row, values: Row): void {
    const before = { ...row }
    Object.assign(row, values)
    this.#undo(() => Object.assign(row, before))
  }

  delete(row: Row): void {
    const key = this.#keyOf(row)
    this.#rows.delete(key)
    this.#undo(() => this.#rows.set(key, row))
  }

  #keyOf(row: Row): string {
    return this.#key.map(field => String(row[field])).join('/')
  }
}

type Condition = Readonly<Record<string, unknown>>

/** Whether a row is what `where` asks for: values, null, and the operators that the coordinator uses. */
export const fits = (row: Row, where: Condition): boolean =>
  Object.entries(where).every(([field, wanted]) => {
    const value = row[field] ?? null
    if (wanted === null || typeof wanted !== 'object') return value === wanted
    return Object.entries(wanted).every(([operator, operand]) => compares(value, operator, operand))
  })

const compares = (value: unknown, operator: string, operand: unknown): boolean => {
  switch (operator) {
    case '$in':
      return (operand as unknown[]).includes(value)
    case '$ne':
      return value !== operand
    case '$gt':
      return (value as number) > (operand as number)
    case '$lt':
      return (value as number) < (operand as number)
    case '$lte':
      return (value as number) <= (operand as number)
    default:
      throw new Error(`The simulated database knows no operator ${operator}.`)
  }
}

/** The rows in the order that is asked for. */
export const sorted = (rows: Row[], orderBy: Readonly<Record<string, 'asc' | 'desc'>> = {}): Row[] => {
  const fields = Object.entries(orderBy)
  if (fields.length === 0) return rows
  return rows.sort((a, b) => {
    for (const [field, direction] of fields) {
      const [x, y] = [a[field] as number, b[field] as number]
      if (x !== y) return x < y === (direction === 'asc') ? -1 : 1
    }
    return 0
  })
}
