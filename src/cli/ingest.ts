import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'
import { type CliContext, ExitCode, UsageError } from './context.ts'
import { summary } from './job-text.ts'
import { collect, embeddingOption, examples, integer, jsonFlag } from './options.ts'
import { say, sayJson } from './text.ts'
import { watchToEnd } from './watch.ts'

interface Flags {
  readonly kb: string
  readonly type: 'markdown' | 'local_files'
  readonly mapping?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly strategy?: 'markdown' | 'recursive' | 'fixed'
  readonly chunkSize?: number
  readonly chunkOverlap?: number
  readonly embedding?: NonNullable<IngestBody['embedding']>
  readonly parallelism?: number
  readonly priority?: number
  readonly wait?: true
  readonly watch?: true
  readonly json?: true
}

export const registerIngest = (program: Command, context: CliContext): void => {
  program
    .command('ingest')
    .summary('put folders or files into a knowledge base')
    .description(
      'Puts folders or files into a knowledge base, which is made if it is new. Returns when the job is admitted.',
    )
    .argument('<source...>', 'folders or files')
    .requiredOption('--kb <id>', 'the knowledge base: lower-case letters, digits, - and _')
    .addOption(
      new Option('--type <type>', 'what the sources are').choices(['markdown', 'local_files']).default('markdown'),
    )
    .option('--mapping <file>', 'the sources are tables, by this mapping of their columns')
    .option('--include <glob>', 'only files that match; may be repeated', collect)
    .option('--exclude <glob>', 'no files that match; may be repeated', collect)
    .addOption(new Option('--strategy <name>', 'how documents are cut').choices(['markdown', 'recursive', 'fixed']))
    .option('--chunk-size <tokens>', 'size of a chunk', integer)
    .option('--chunk-overlap <tokens>', 'what a chunk repeats of the one before', integer)
    .option('--embedding <provider:model:dimensions>', 'model of a new knowledge base', embeddingOption)
    .option('--parallelism <lanes>', 'lanes the job gets', integer)
    .option('--priority <number>', 'the larger goes first among those that wait', integer)
    .option('--wait', 'return when the job has ended; exit code 1 if it failed')
    .option('--watch', 'as --wait, and show the phases meanwhile')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('ingest docs --kb handbook --watch', "ingest . --kb notes --type local_files --include 'notes/**'"),
    )
    .action((sources: readonly string[], flags: Flags) => ingest(context, sources, flags))
}

const ingest = async (context: CliContext, sources: readonly string[], flags: Flags): Promise<void> => {
  const client = await context.client()
  const body = bodyOf(context, sources, flags)
  const accepted = await client.ingest({ body }, context.signal)
  const waits = flags.wait === true || flags.watch === true
  if (!waits && flags.json) return sayJson(context.stdout, accepted)
  if (!flags.json) say(context.stdout, `Job ${accepted.job_id} of ${accepted.kb_id} is admitted (${accepted.status}).`)
  if (!waits) return say(context.stdout, `Follow it with: penstock watch ${accepted.job_id}`)

  const job = await watchToEnd(context, client, accepted.job_id, flags.watch === true ? 'phases' : 'nothing')
  if (flags.json) sayJson(context.stdout, job)
  else say(context.stdout, summary(job))
  if (job.status !== 'completed') throw new ExitCode(1)
}

const bodyOf = (context: CliContext, sources: readonly string[], flags: Flags): IngestBody => {
  const chunking = {
    ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
    ...(flags.chunkSize === undefined ? {} : { chunk_size: flags.chunkSize }),
    ...(flags.chunkOverlap === undefined ? {} : { chunk_overlap: flags.chunkOverlap }),
  }
  return {
    kb_id: flags.kb,
    sources: sources.map(source => {
      const path = pathOf(context, source)
      if (flags.mapping !== undefined)
        return { type: 'structured' as const, path, mapping_file: pathOf(context, flags.mapping) }
      return {
        type: flags.type,
        path,
        ...(flags.include === undefined ? {} : { include: [...flags.include] }),
        ...(flags.exclude === undefined ? {} : { exclude: [...flags.exclude] }),
      }
    }),
    ...(Object.keys(chunking).length === 0 ? {} : { chunking }),
    ...(flags.embedding === undefined ? {} : { embedding: flags.embedding }),
    ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
  }
}

const pathOf = (context: CliContext, source: string): string => {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new UsageError(`'${source}' is an address; a folder or a file is wanted`)
  return resolve(context.cwd, source)
}
