import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'
import { type CliContext, UsageError } from './context.ts'
import { collect } from './options.ts'

/** How sources are described on the command line, for every verb that takes some. */
export interface SourceFlags {
  readonly type: 'markdown' | 'local_files' | 'events'
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export const sourceOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--type <type>', 'what the sources are')
        .choices(['markdown', 'local_files', 'events'])
        .default('markdown'),
    )
    .option('--include <glob>', 'only files that match; may be repeated', collect)
    .option('--exclude <glob>', 'no files that match; may be repeated', collect)

/** The sources of a request, as the API takes them. */
export const sourcesOf = (
  context: CliContext,
  sources: readonly string[],
  flags: SourceFlags,
): IngestBody['sources'] => {
  const { type, include, exclude } = flags
  if (type === 'events') {
    if (sources.length > 0 || include || exclude)
      throw new UsageError('events are sent by upstream systems: there is no folder or file to name')
    return [{ type }]
  }
  if (sources.length === 0) throw new UsageError('name a folder or a file, or say --type events')
  return sources.map(source => ({
    type,
    path: pathOf(context, source),
    ...(include === undefined ? {} : { include: [...include] }),
    ...(exclude === undefined ? {} : { exclude: [...exclude] }),
  }))
}

const pathOf = (context: CliContext, source: string): string => {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new UsageError(`'${source}' is an address; a folder or a file is wanted`)
  return resolve(context.cwd, source)
}
