/** What the API says of tables, and of mappings. */
import { z } from 'zod'
import { byKb, limit } from './requests.ts'

const count = z.int().min(0)
const name = z.string().min(1).max(63)

export const byTable = byKb.extend({ table: name })

const column = z.object({ name: z.string(), type: z.string(), nullable: z.boolean(), key: z.boolean() })

export const tableSummary = z.object({
  name: z.string(),
  sql_name: z
    .string()
    .describe('Where it is in the database, for SQL: members of the role penstock_reader may read it.'),
  columns: z.array(column).readonly(),
  rows: count,
  rejected: count.describe('Rows of its files that are not in it; the dead letters of the job say why.'),
  source: z.string(),
  files: z.array(z.string()).readonly(),
  loaded_at: z.iso.datetime(),
})
export const tableList = z.object({ tables: z.array(tableSummary).readonly() })

const scalar = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()])
const where = z
  .record(name, scalar)
  .refine(given => Object.keys(given).length <= 8, { error: 'takes at most 8 columns' })

export const rowsQuery = z.strictObject({
  limit: limit(50, 500),
  after: z.string().min(1).max(8192).optional().describe('`next` of the page before.'),
  where: z
    .string()
    .max(8192)
    .refine(text => conditionsOf(text) !== null, {
      error: 'must be a JSON object of up to 8 columns and their values, {"city": "Bern"}',
    })
    .optional()
    .describe('A JSON object: only rows with these values, {"city": "Bern", "paid": true}; null is for none.'),
})

/** Column to its value; null for what are no conditions. */
export const conditionsOf = (text: string): Readonly<Record<string, string | null>> | null => {
  const parsed = where.safeParse(jsonOf(text))
  if (!parsed.success) return null
  const texts = Object.entries(parsed.data).map(
    ([name, value]) => [name, value === null ? null : String(value)] as const,
  )
  return Object.fromEntries(texts)
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const rowPage = z.object({
  rows: z
    .array(z.record(z.string(), z.unknown()))
    .readonly()
    .describe('bigint, numeric, dates and times are texts; times with time zone are in UTC.'),
  next: z.string().nullable().describe('Goes into `after` for the next page; null on the last.'),
})

export const checkedTable = z.object({
  table: z.string(),
  file: z.string(),
  columns: z.array(column).readonly(),
  rows: z
    .array(z.object({ row: z.int(), cells: z.array(z.string().nullable()).readonly() }))
    .readonly()
    .describe('The first rows of the file, as they would be typed.'),
  rejected: z.array(z.object({ row: z.int(), message: z.string() })).readonly(),
})
export const structuredCheck = z.object({ tables: z.array(checkedTable).readonly() })

export type TableSummary = z.output<typeof tableSummary>
export type RowPage = z.output<typeof rowPage>
export type CheckedTable = z.output<typeof checkedTable>
