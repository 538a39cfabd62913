import { z } from 'zod'
import { patternMistake } from '../structured/dates.ts'

/** What PostgreSQL takes as a name, whatever is in it: it is always quoted. */
const name = z
  .string()
  .min(1, 'must not be empty')
  .refine(text => new TextEncoder().encode(text).length <= 63, { error: 'must have at most 63 bytes' })
  .refine(text => !text.includes('\0'), { error: 'must not contain a NUL character' })
  .refine(text => !/^_(?:file$|row$|load_)/.test(text), {
    error: 'is taken: _file, _row and _load_… are Penstock’s own',
  })

/** Source: PostgreSQL 18 documentation, "System Columns". */
const systemColumns: readonly string[] = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']
const columnName = name.refine(text => !systemColumns.includes(text), {
  error: ({ input }) =>
    `is taken: PostgreSQL has a ${input} of its own in every table; choose another name (\`column\` is the one in the header)`,
})

const plainTypes = 'text, integer, bigint, numeric, double, boolean, date, timestamp, timestamptz, json, uuid'
const isNumeric = /^numeric\((\d{1,3}),(\d{1,3})\)$/

/** The digits in all, and after the point, of `numeric(p,s)`; null for a type that is not so written. */
export const scaleOf = (type: string): { readonly precision: number; readonly scale: number } | null => {
  const found = isNumeric.exec(type)
  return found && { precision: Number(found[1]), scale: Number(found[2]) }
}

const isType = (type: string): boolean => {
  const scaled = scaleOf(type)
  if (scaled) return scaled.precision >= 1 && scaled.scale <= scaled.precision
  return plainTypes.split(', ').includes(type)
}

const type = z
  .string()
  .refine(isType, { error: `must be one of ${plainTypes}, or numeric(p,s) with p from 1 and s up to p` })

const words = z.array(z.string().max(64)).min(1).max(64)
const format = z.strictObject({
  pattern: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Of dates and times: YYYY, MM, DD, HH, mm, ss, SSS, M, D, H, MMM (Jan), Z (offset), all else as it is.'),
  timezone: z
    .string()
    .regex(/^(?:Z|[+-]\d\d:\d\d)$/, 'must be Z or an offset such as +01:00')
    .optional()
    .describe('Of a timestamptz whose pattern has no Z.'),
  decimal: z.enum(['.', ',']).optional().describe("'.' unless stated."),
  thousands: z.enum(['.', ',', ' ', "'", '_']).optional().describe('May stand between groups of three digits.'),
  true: words.optional().describe('Words for true, in any case; true, t, yes, y, 1 unless stated.'),
  false: words.optional().describe('Words for false, in any case; false, f, no, n, 0 unless stated.'),
  null: z.array(z.string().max(64)).max(64).optional().describe("Cells that are null; '' unless stated."),
  trim: z.boolean().optional().describe('Leaves out white space around cells.'),
})

const column = z.strictObject({
  column: z.string().optional().describe('Its name in the header; `name` unless stated.'),
  position: z.int().min(1).max(10_000).optional().describe('Its place in a file without a header, from 1.'),
  name: columnName.describe('In the table.'),
  type,
  nullable: z.boolean().optional().describe('False unless stated.'),
  key: z.boolean().optional().describe('Part of what makes a row one: rows are told apart, and stored once, by it.'),
  format: format.optional(),
})

/** As many columns as an index of PostgreSQL has. */
const mostKeys = 32
const template = z.string().min(1).max(16_384)

const table = z.strictObject({
  table: name,
  files: z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(1000)
    .optional()
    .describe('Below `path` of the source; not where that is a file itself.'),
  sheet: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('Of workbooks, by its name; the first that is not hidden unless stated.'),
  delimiter: z.string().length(1, 'must be one character').optional().describe("',' unless stated; '\\t' for tabs."),
  quote: z.string().length(1, 'must be one character').optional().describe("'\"' unless stated."),
  escape: z
    .string()
    .length(1, 'must be one character')
    .optional()
    .describe('Before a quote in a cell; the quote itself unless stated.'),
  encoding: z
    .enum([
      'utf-8',
      'utf-16le',
      'utf-16be',
      'iso-8859-1',
      'iso-8859-2',
      'iso-8859-15',
      'windows-1250',
      'windows-1251',
      'windows-1252',
    ])
    .optional()
    .describe('utf-8 unless stated; a byte order mark of UTF-16 is obeyed.'),
  newline: z.enum(['lf', 'crlf', 'cr']).optional().describe('As at the end of the first line unless stated.'),
  header: z.boolean().optional().describe('Whether the first row names the columns; true unless stated.'),
  skip_rows: z.int().min(0).max(10_000).optional().describe('Lines of a file, or rows of a sheet, before the header.'),
  defaults: format.optional().describe('The format of columns that do not say.'),
  columns: z
    .array(column)
    .min(1, 'needs at least one column')
    .max(1000)
    .refine(columns => columns.filter(({ key }) => key).length <= mostKeys, {
      error: `must have at most ${mostKeys} keys, as an index of PostgreSQL has`,
    }),
  ignore: z
    .union([z.literal('*'), z.array(z.string()).max(1000)])
    .optional()
    .describe("Columns of the file that are left out; '*' for all that are not mapped."),
  document: z
    .strictObject({
      text: template.describe('Of each row, for search; {{name}} is the value of a column.'),
      title: template.optional(),
      uri: template.optional().describe('The uri of the file with #key= or #row= unless stated.'),
      media_type: z.enum(['text/plain', 'text/markdown']).optional(),
    })
    .optional()
    .describe('Makes every row a document; without it rows are in the table alone.'),
})

/** The columns whose values can tell rows apart: the same value is always the same text. */
const keyable = /^(?:text|integer|bigint|uuid|date|boolean|numeric\()/
const patterned: readonly string[] = ['date', 'timestamp', 'timestamptz']

export const mapping = z
  .strictObject({ tables: z.array(table).min(1, 'needs at least one table').max(100) })
  .check(ctx => {
    const add = (path: PropertyKey[], message: string) =>
      ctx.issues.push({ code: 'custom', input: ctx.value, path: ['tables', ...path], message })
    for (const twice of repeated(ctx.value.tables.map(one => one.table)))
      add([twice, 'table'], 'is the name of a table before it')
    for (const [i, { columns, header, document, defaults }] of ctx.value.tables.entries()) {
      for (const twice of repeated(columns.map(one => one.name)))
        add([i, 'columns', twice, 'name'], 'is the name of a column before it')
      for (const [j, { type, key, nullable, position, column, format }] of columns.entries()) {
        const at = [i, 'columns', j]
        if (key && !keyable.test(type)) add([...at, 'key'], `cannot be a key: values of ${type} have no single text`)
        if (key && nullable) add([...at, 'nullable'], 'must not be true for a key')
        if (header === false && position === undefined)
          add([...at, 'position'], 'is required where the file has no header')
        if (header !== false && position !== undefined)
          add([...at, 'position'], 'is for files without a header; name the `column`')
        if (header === false && column !== undefined)
          add([...at, 'column'], 'is for files with a header; give its `position`')
        if (format?.pattern !== undefined && !patterned.includes(type))
          add([...at, 'format', 'pattern'], `is no format of ${type}`)
        const pattern = patterned.includes(type) ? { ...defaults, ...format }.pattern : undefined
        const wrong = pattern === undefined ? null : patternMistake(pattern)
        if (wrong !== null) add([...at, 'format', 'pattern'], wrong)
        const { decimal, thousands } = { ...defaults, ...format }
        if (decimal !== undefined && decimal === thousands)
          add([...at, 'format', 'thousands'], 'must differ from `decimal`')
      }
      for (const [field, text] of Object.entries(document ?? {}))
        for (const unknown of placeholdersOf(text ?? '').filter(one => !columns.some(column => column.name === one)))
          add([i, 'document', field], `names {{${unknown}}}, which is no column of the table`)
    }
  })

const repeated = (names: readonly string[]): readonly number[] =>
  names.flatMap((one, i) => (names.indexOf(one) < i ? [i] : []))

/** The columns that a template names. */
export const placeholdersOf = (template: string): readonly string[] =>
  [...template.matchAll(/\{\{([^{}]+)\}\}/g)].map(([, found]) => found!.trim())

export type Mapping = z.output<typeof mapping>
export type TableMapping = Mapping['tables'][number]
export type ColumnMapping = TableMapping['columns'][number]
export type ColumnFormat = z.output<typeof format>
