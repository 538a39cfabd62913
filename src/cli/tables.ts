import type { Command } from 'commander'
import type { TableSummary } from '../api/contract/tables.ts'
import type { CliContext } from './context.ts'
import { UsageError } from './context.ts'
import { collect, examples, integer, jsonFlag } from './options.ts'
import { counted, table as lines, oneLine, say, sayJson } from './text.ts'

interface Flags {
  readonly rows?: number
  readonly after?: string
  readonly where?: readonly string[]
  readonly json?: true
}

export const registerTables = (program: Command, context: CliContext): void => {
  program
    .command('tables')
    .summary('look at the tables of a knowledge base')
    .description('Lists the tables of a knowledge base, or shows the columns of one, and its rows with --rows.')
    .argument('<kb>', 'the knowledge base')
    .argument('[table]', 'one table of it')
    .option('--rows <number>', 'show so many rows', integer)
    .option('--after <cursor>', 'with --rows: the page after this cursor')
    .option('--where <column=value>', 'with --rows: only rows with this value; may be repeated', collect)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('tables sales', 'tables sales orders', 'tables sales orders --rows 20 --where city=Bern'),
    )
    .action((kb: string, table: string | undefined, flags: Flags) => tables(context, kb, table, flags))
}

const tables = async (context: CliContext, kb: string, table: string | undefined, flags: Flags): Promise<void> => {
  const paging = flags.after !== undefined || flags.where !== undefined
  if (paging && flags.rows === undefined) throw new UsageError('--after and --where are for --rows')
  if (flags.rows !== undefined && table === undefined) throw new UsageError('--rows wants a table')
  if (table === undefined) return list(context, kb, flags)
  return flags.rows === undefined ? show(context, kb, table, flags) : rows(context, kb, table, flags)
}

const list = async (context: CliContext, kb: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const body = await client.tables({ params: { kb_id: kb } }, context.signal)
  if (flags.json) return sayJson(context.stdout, body)
  if (body.tables.length === 0) return say(context.stdout, `${kb} has no tables.`)
  const cells = body.tables.map(one => [
    oneLine(one.name, 63),
    one.rows,
    one.rejected,
    one.columns.length,
    one.loaded_at,
  ])
  for (const line of lines(['TABLE', 'ROWS', 'REJECTED', 'COLUMNS', 'LOADED'], cells)) say(context.stdout, line)
}

const show = async (context: CliContext, kb: string, table: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const found = await client.table({ params: { kb_id: kb, table } }, context.signal)
  if (flags.json) return sayJson(context.stdout, found)
  say(
    context.stdout,
    `Table ${found.name} of ${kb}: ${counted(found.rows, 'row')}, ${counted(found.rejected, 'row')} rejected`,
  )
  say(context.stdout, `  in SQL  ${found.sql_name}`)
  say(context.stdout, `  source  ${found.source}`)
  for (const file of found.files) say(context.stdout, `  file    ${oneLine(file, 200)}`)
  say(context.stdout, `  loaded  ${found.loaded_at}`)
  for (const line of lines(['COLUMN', 'TYPE', ''], found.columns.map(described))) say(context.stdout, line)
}

const described = ({ name, type, nullable, key }: TableSummary['columns'][number]) => [
  oneLine(name, 63),
  type,
  key ? 'key' : nullable ? 'may be null' : '',
]

const rows = async (context: CliContext, kb: string, table: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const where =
    flags.where === undefined ? {} : { where: JSON.stringify(Object.fromEntries(flags.where.map(condition))) }
  const query = { limit: flags.rows!, ...where, ...(flags.after === undefined ? {} : { after: flags.after }) }
  const page = await client.tableRows({ params: { kb_id: kb, table }, query }, context.signal)
  if (flags.json) return sayJson(context.stdout, page)
  const names = Object.keys(page.rows[0] ?? {})
  const cells = page.rows.map(row => names.map(name => shown(row[name])))
  for (const line of lines(
    names.map(name => oneLine(name, 30)),
    cells,
  ))
    say(context.stdout, line)
  if (page.rows.length === 0) say(context.stdout, 'No rows.')
  if (page.next !== null) say(context.stdout, `There are more: add --after '${page.next}'`)
}

const condition = (text: string): readonly [string, string] => {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`'${text}' is no condition; write column=value`)
  return [text.slice(0, at), text.slice(at + 1)]
}

const shown = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value), 40)
