import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { isVideoAddress, videoList } from '../api/contract/address-source.ts'
import type { IngestBody } from '../api/contract/requests.ts'
import { type CliContext, UsageError } from './context.ts'
import { collect, decimal, integer } from './options.ts'

const readTypes = ['markdown', 'local_files', 'pdf', 'website', 'youtube'] as const
type SourceType = (typeof readTypes)[number] | 'events'

/** How sources are described on the command line, for every verb that takes some. */
export interface SourceFlags {
  readonly type?: SourceType
  /** A file that maps columns of files to columns of tables: the sources are of type `structured`. */
  readonly mapping?: string
  /** Of verbs that have a knowledge base, whose uploads they are. */
  readonly uploads?: true
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly depth?: number
  readonly maxPages?: number
  readonly host?: readonly string[]
  readonly sitemap?: readonly string[]
  readonly withoutSitemaps?: true
  readonly rate?: number
  readonly ignoreRobots?: true
  readonly language?: readonly string[]
  readonly withoutGenerated?: true
  readonly maxBadRows?: number
}

/** `more`: types that only this verb takes. */
export const sourceOptions = (command: Command, more: readonly SourceType[] = []): Command =>
  command
    .addOption(
      new Option('--type <type>', 'what the sources are; youtube or website for an address, else markdown').choices([
        ...readTypes,
        ...more,
      ]),
    )
    .option('--include <glob>', 'only files, or hosts with paths, that match; may be repeated', collect)
    .option('--exclude <glob>', 'none that match; may be repeated', collect)
    .option('--mapping <file>', 'the sources are tables, by this mapping of their columns')
    .option('--depth <links>', 'of a website: links followed in a row', integer)
    .option('--max-pages <number>', 'of a website: addresses asked at most', integer)
    .option('--host <host>', 'of a website: read beside that of its address; may be repeated', collect)
    .option(
      '--sitemap <address>',
      'of a website: read instead of those that robots.txt names; may be repeated',
      collect,
    )
    .option('--without-sitemaps', 'of a website: only links are followed')
    .option('--rate <number>', 'of a website: requests a second to each host at most', decimal)
    .option('--ignore-robots', 'of a website: read what robots.txt forbids, for a site of your own')
    .option('--language <code>', 'of videos: the first of these that one has; may be repeated', collect)
    .option('--without-generated', 'of videos: only transcripts that people made')
    .option('--max-bad-rows <number>', 'of tables: rows of one that may be rejected before the job fails', integer)

type Source = IngestBody['sources'][number]

/** Which types take a flag; where it is `own` to them, as its help says, there may be other sources beside one of them. */
interface Fit {
  readonly key: Exclude<keyof SourceFlags, 'type' | 'uploads'>
  readonly flag: string
  readonly types: readonly Source['type'][]
  readonly own?: true
}

const globTypes = ['markdown', 'local_files', 'pdf', 'website'] as const
const fits: readonly Fit[] = [
  { key: 'include', flag: '--include', types: globTypes },
  { key: 'exclude', flag: '--exclude', types: globTypes },
  { key: 'mapping', flag: '--mapping', types: ['structured'] },
  { key: 'depth', flag: '--depth', types: ['website'], own: true },
  { key: 'maxPages', flag: '--max-pages', types: ['website'], own: true },
  { key: 'host', flag: '--host', types: ['website'], own: true },
  { key: 'sitemap', flag: '--sitemap', types: ['website'], own: true },
  { key: 'withoutSitemaps', flag: '--without-sitemaps', types: ['website'], own: true },
  { key: 'rate', flag: '--rate', types: ['website'], own: true },
  { key: 'ignoreRobots', flag: '--ignore-robots', types: ['website'], own: true },
  { key: 'language', flag: '--language', types: ['youtube'], own: true },
  { key: 'withoutGenerated', flag: '--without-generated', types: ['youtube'], own: true },
  { key: 'maxBadRows', flag: '--max-bad-rows', types: ['structured'], own: true },
]

/** Throws a UsageError that names every flag which would do nothing for a source, and the type of that. */
const checkFit = (named: readonly { readonly name: string; readonly source: Source }[], flags: SourceFlags): void => {
  const wrong = fits.flatMap(({ key, flag, types, own }) => {
    if (flags[key] === undefined) return []
    const others = named.filter(({ source }) => !types.includes(source.type))
    const [first] = own && others.length < named.length ? [] : others
    if (first === undefined) return []
    return [`${flag} is for sources of type ${types.join(', ')}; ${first.name} is of type ${first.source.type}`]
  })
  if (wrong.length > 0) throw new UsageError(wrong.join('. '))
}

/** The sources of a request, as the API takes them. */
export const sourcesOf = (
  context: Pick<CliContext, 'cwd'>,
  sources: readonly string[],
  flags: SourceFlags,
): Source[] => {
  const named = namedOf(context, sources, flags)
  if (named.length === 0) throw new UsageError('name a folder, a file or an address, or say --uploads or --type events')
  checkFit(named, flags)
  return named.map(({ source }) => source)
}

const namedOf = (context: Pick<CliContext, 'cwd'>, sources: readonly string[], flags: SourceFlags) => {
  if (flags.type === 'events') {
    if (sources.length > 0 || flags.uploads)
      throw new UsageError('events are published by upstream systems: no source is named')
    return [{ name: 'the stream', source: { type: 'events' } as const }]
  }
  const named = sources.map(source => ({ name: `'${source}'`, source: sourceOf(context, source, flags) }))
  return flags.uploads ? [...named, { name: 'what --uploads reads', source: uploadsOf(flags) }] : named
}

const uploadsOf = (flags: SourceFlags): Source => {
  if (flags.mapping !== undefined && flags.type === undefined)
    return { type: 'structured', uploads: true, mapping_file: flags.mapping, ...badRowsOf(flags) }
  const { type = 'local_files' } = flags
  if (type !== 'markdown' && type !== 'local_files' && type !== 'pdf')
    throw new UsageError(`--uploads are files; leave out --type ${type}`)
  return { type, uploads: true, ...globsOf(flags) }
}

const globsOf = ({ include, exclude }: SourceFlags) => ({
  ...(include === undefined ? {} : { include: [...include] }),
  ...(exclude === undefined ? {} : { exclude: [...exclude] }),
})

const sourceOf = (context: Pick<CliContext, 'cwd'>, source: string, flags: SourceFlags): Source => {
  const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(source)
  const ofFiles = flags.mapping === undefined ? 'markdown' : 'structured'
  const type = flags.type ?? (isVideoAddress(source) ? 'youtube' : isAddress ? 'website' : ofFiles)
  if (type === 'events') throw new Error('Events are no source that is named.')
  const globs = globsOf(flags)
  if (type === 'website') {
    if (!isAddress) throw new UsageError(`'${source}' is no address; a website begins with https:// or http://`)
    return { type, urls: [source], ...globs, ...crawlOf(flags) }
  }
  if (type === 'youtube') {
    const languages = flags.language === undefined ? {} : { languages: [...flags.language] }
    return { type, ...videoList(source), ...languages, ...(flags.withoutGenerated ? { generated: false } : {}) }
  }
  if (isAddress) throw new UsageError(`'${source}' is an address; a folder or a file is wanted for ${type}`)
  const path = resolve(context.cwd, source)
  if (type !== 'structured') return { type, path, ...globs }
  return { type, path, mapping_file: resolve(context.cwd, flags.mapping!), ...badRowsOf(flags) }
}

const badRowsOf = ({ maxBadRows }: SourceFlags) => (maxBadRows === undefined ? {} : { max_bad_rows: maxBadRows })

const crawlOf = ({ depth, maxPages, host, sitemap, withoutSitemaps, rate, ignoreRobots }: SourceFlags) => {
  if (sitemap !== undefined && withoutSitemaps)
    throw new UsageError('--sitemap and --without-sitemaps exclude each other')
  return {
    ...(depth === undefined ? {} : { max_depth: depth }),
    ...(maxPages === undefined ? {} : { max_pages: maxPages }),
    ...(host === undefined ? {} : { hosts: [...host] }),
    ...(withoutSitemaps ? { sitemaps: false } : sitemap === undefined ? {} : { sitemaps: [...sitemap] }),
    ...(rate === undefined ? {} : { rate }),
    ...(ignoreRobots ? { respect_robots: false } : {}),
  }
}
