import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'
import { type CliContext, UsageError } from './context.ts'
import { collect } from './options.ts'

/** How sources are described on the command line, for every verb that takes some. */
export interface SourceFlags {
  readonly type: 'markdown' | 'local_files'
  /** A file that maps columns of files to columns of tables: the sources are of type `structured`. */
  readonly mapping?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export const sourceOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--type <type>', 'what the sources are').choices(['markdown', 'local_files']).default('markdown'),
    )
    .option('--mapping <file>', 'the sources are tables, by this mapping of their columns')
    .option('--include <glob>', 'only files that match; may be repeated', collect)
    .option('--exclude <glob>', 'no files that match; may be repeated', collect)

/** The sources of a request, as the API takes them. */
export const sourcesOf = (context: CliContext, sources: readonly string[], flags: SourceFlags): IngestBody['sources'] =>
  sources.map(source => {
    const path = pathOf(context, source)
    if (flags.mapping !== undefined) return { type: 'structured', path, mapping_file: pathOf(context, flags.mapping) }
    return {
      type: flags.type,
      path,
      ...(flags.include === undefined ? {} : { include: [...flags.include] }),
      ...(flags.exclude === undefined ? {} : { exclude: [...flags.exclude] }),
    }
  })

const pathOf = (context: CliContext, source: string): string => {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new UsageError(`'${source}' is an address; a folder or a file is wanted`)
  return resolve(context.cwd, source)
}
