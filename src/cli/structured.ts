import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { CheckedTable } from '../api/contract/tables.ts'
import { type CliContext, UsageError } from './context.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { typedRows } from './table-text.ts'
import { oneLine, say, sayJson } from './text.ts'

interface Flags {
  readonly path?: string
  readonly uploads?: true
  readonly kb?: string
  readonly rows: number
  readonly json?: true
}

export const registerStructured = (program: Command, context: CliContext): void => {
  program
    .command('structured')
    .summary('try mappings of files to tables')
    .description('Tries mappings of CSV files and workbooks to tables.')
    .addHelpText('after', examples('structured check mapping.yaml --path exports'))
    .command('check')
    .description(
      'Holds a mapping against the headers of its files: names every mistake, or shows the first rows as they would be ' +
        'typed. Stores nothing. Exit code 1 when there is a mistake.',
    )
    .argument('<mapping>', 'a file with the mapping, YAML or JSON')
    .option('--path <path>', 'the folder of the files, or the file; the folder of the mapping unless stated')
    .option('--uploads', 'the files, and the mapping, are what was sent with penstock upload')
    .option('--kb <id>', 'of --uploads: the knowledge base that they were sent for')
    .option('--rows <number>', 'rows to show of each file', integer, 5)
    .option(...jsonFlag)
    .action((mapping: string, flags: Flags) => check(context, mapping, flags))
}

const check = async (context: CliContext, mapping: string, flags: Flags): Promise<void> => {
  if ((flags.uploads === undefined) !== (flags.kb === undefined) || (flags.uploads && flags.path !== undefined))
    throw new UsageError('--uploads and --kb go together, and --path not with them')
  const client = await context.client()
  const body = {
    ...(flags.kb === undefined ? ofFiles(context, mapping, flags) : ofUploads(mapping, flags.kb)),
    rows: flags.rows,
  }
  const found = await client.checkStructured({ body }, context.signal)
  if (flags.json) return sayJson(context.stdout, found)
  for (const one of found.tables) for (const line of described(one)) say(context.stdout, line)
  say(context.stdout, 'The mapping fits its files.')
}

const ofUploads = (mapping_file: string, kb_id: string) => ({
  source: { type: 'structured' as const, uploads: true as const, mapping_file },
  kb_id,
})

const ofFiles = ({ cwd }: CliContext, mapping: string, flags: Flags) => {
  const mapping_file = resolve(cwd, mapping)
  const path = flags.path === undefined ? dirname(mapping_file) : resolve(cwd, flags.path)
  return { source: { type: 'structured' as const, path, mapping_file } }
}

const described = (checked: CheckedTable): readonly string[] => [
  ...typedRows(checked),
  ...checked.rejected.map(({ row, message }) => `  row ${row} would be rejected: ${oneLine(message, 400)}`),
]
