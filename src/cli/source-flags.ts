import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'
import { type CliContext, UsageError } from './context.ts'
import { collect, integer } from './options.ts'

const readTypes = ['markdown', 'local_files', 'website'] as const
type SourceType = (typeof readTypes)[number] | 'events'

/** How sources are described on the command line, for every verb that takes some. */
export interface SourceFlags {
  readonly type?: SourceType
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly depth?: number
  readonly maxPages?: number
}

/** `more`: types that only this verb takes. */
export const sourceOptions = (command: Command, more: readonly SourceType[] = []): Command =>
  command
    .addOption(
      new Option('--type <type>', 'what the sources are; website for an address, else markdown').choices([
        ...readTypes,
        ...more,
      ]),
    )
    .option('--include <glob>', 'only files, or hosts with paths, that match; may be repeated', collect)
    .option('--exclude <glob>', 'none that match; may be repeated', collect)
    .option('--depth <links>', 'of a website: links followed in a row', integer)
    .option('--max-pages <number>', 'of a website: addresses asked at most', integer)

/** The sources of a request, as the API takes them. */
export const sourcesOf = (
  context: CliContext,
  sources: readonly string[],
  flags: SourceFlags,
): IngestBody['sources'] => {
  if (flags.type === 'events') {
    const { include, exclude, depth, maxPages } = flags
    if (sources.length > 0 || [include, exclude, depth, maxPages].some(flag => flag !== undefined))
      throw new UsageError('events are published by upstream systems: no source is named, and none is narrowed')
    return [{ type: 'events' }]
  }
  if (sources.length === 0) throw new UsageError('name a folder, a file or an address, or say --type events')
  return sources.map(source => sourceOf(context, source, flags))
}

const sourceOf = (context: CliContext, source: string, flags: SourceFlags): IngestBody['sources'][number] => {
  const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
  const type = flags.type ?? (isAddress ? 'website' : 'markdown')
  if (type === 'events') throw new Error('Events are no source that is named.')
  const globs = {
    ...(flags.include === undefined ? {} : { include: [...flags.include] }),
    ...(flags.exclude === undefined ? {} : { exclude: [...flags.exclude] }),
  }
  if (type === 'website') {
    if (!isAddress) throw new UsageError(`'${source}' is no address; a website begins with https:// or http://`)
    const { depth, maxPages } = flags
    return {
      ...{ type, urls: [source], ...globs },
      ...(depth === undefined ? {} : { max_depth: depth }),
      ...(maxPages === undefined ? {} : { max_pages: maxPages }),
    }
  }
  if (isAddress) throw new UsageError(`'${source}' is an address; a folder or a file is wanted for ${type}`)
  return { type, path: resolve(context.cwd, source), ...globs }
}
