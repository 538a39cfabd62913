import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'
import { type CliContext, UsageError } from './context.ts'
import { collect, integer } from './options.ts'

/** How sources are described on the command line, for every verb that takes some. */
export interface SourceFlags {
  readonly type?: 'markdown' | 'local_files' | 'website' | 'youtube'
  readonly depth?: number
  readonly maxPages?: number
  readonly language?: readonly string[]
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export const sourceOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--type <type>', 'what the sources are (youtube or website for an address, else markdown)').choices([
        ...['markdown', 'local_files', 'website', 'youtube'],
      ]),
    )
    .option('--include <glob>', 'only files, or hosts with paths, that match; may be repeated', collect)
    .option('--exclude <glob>', 'none that match; may be repeated', collect)
    .option('--depth <links>', 'of a website: links followed in a row', integer)
    .option('--max-pages <number>', 'of a website: addresses asked at most', integer)
    .option('--language <code>', 'of videos: the first of these that one has; may be repeated', collect)

type RequestedSource = IngestBody['sources'][number]

/** The sources of a request, as the API takes them. */
export const sourcesOf = (context: CliContext, sources: readonly string[], flags: SourceFlags): RequestedSource[] =>
  sources.map(source => sourceOf(context, source, flags))

const sourceOf = (context: CliContext, source: string, flags: SourceFlags): RequestedSource => {
  const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
  const type = flags.type ?? (isVideoAddress(source) ? 'youtube' : isAddress ? 'website' : 'markdown')
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
  if (type === 'youtube') {
    const languages = flags.language === undefined ? {} : { languages: [...flags.language] }
    return { type, ...listOf(source), ...languages }
  }
  if (isAddress) throw new UsageError(`'${source}' is an address; a folder or a file is wanted for ${type}`)
  return { type, path: resolve(context.cwd, source), ...globs }
}

const isVideoAddress = (source: string): boolean =>
  /^https?:\/\/(?:(?:www|m)\.)?(?:youtube\.com|youtu\.be)\//i.test(source)

/** A channel, a playlist or a video, by its address or by what its id looks like. */
const listOf = (source: string) => {
  if (/^UC[\w-]{22}$|\/channel\//.test(source)) return { channels: [source] }
  if (/^(?:PL|UU|FL|OL|RD)[\w-]{10,}$|\/playlist\?/.test(source)) return { playlists: [source] }
  return { videos: [source] }
}
