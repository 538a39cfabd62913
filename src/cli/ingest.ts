import type { Command } from 'commander'
import type { IngestBody } from '../api/contract/requests.ts'
import { type ChunkingFlags, chunkingOf, chunkingOptions } from './chunking-flags.ts'
import { type CliContext, ExitCode, UsageError } from './context.ts'
import { summary } from './job-text.ts'
import { embeddingOption, examples, integer, jsonFlag } from './options.ts'
import { type SourceFlags, sourceOptions, sourcesOf } from './source-flags.ts'
import { say, sayJson } from './text.ts'
import { watchToEnd } from './watch.ts'

interface Flags extends SourceFlags, ChunkingFlags {
  readonly kb: string
  readonly embedding?: NonNullable<IngestBody['embedding']>
  readonly parallelism?: number
  readonly priority?: number
  readonly deleteGuard?: number
  readonly refreshEvery?: string
  readonly refreshCron?: string
  readonly refreshTimezone?: string
  readonly idempotencyKey?: string
  readonly wait?: true
  readonly watch?: true
  readonly json?: true
}

export const registerIngest = (program: Command, context: CliContext): void => {
  const ingesting = program
    .command('ingest')
    .summary('put folders, files or websites into a knowledge base')
    .description(
      'Puts folders, files or websites into a knowledge base, which is made if it is new. Returns when the job is admitted.',
    )
    .argument(
      '[source...]',
      'folders, files, or addresses of websites; none for events, which upstream systems publish',
    )
    .requiredOption('--kb <id>', 'the knowledge base: lower-case letters, digits, - and _')
    .option('--uploads', 'what was sent with penstock upload, beside the sources named or instead of them')
  chunkingOptions(sourceOptions(ingesting, ['events']))
    .option('--embedding <provider:model:dimensions>', 'model of a new knowledge base', embeddingOption)
    .option('--parallelism <lanes>', 'lanes the job gets', integer)
    .option('--priority <number>', 'the larger goes first among those that wait', integer)
    .option('--delete-guard <percent>', 'share of a source that may go because it is there no more', integer)
    .option('--refresh-every <interval>', 'read the sources again every 15m, 6h or 1d')
    .option('--refresh-cron <pattern>', "read them again at these times, such as '0 3 * * *'")
    .option('--refresh-timezone <name>', 'of the pattern; UTC unless given')
    .option('--idempotency-key <key>', 'made up by you: within a day the same request with it is admitted once')
    .option('--wait', 'return when the job has ended; exit code 1 if it failed')
    .option('--watch', 'as --wait, and show the phases meanwhile')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples(
        'ingest docs --kb handbook --watch',
        "ingest . --kb notes --type local_files --include 'notes/**'",
        "ingest https://docs.example.org/guide/ --kb guide --include 'docs.example.org/guide/**' --depth 3",
        'ingest --type events --kb tickets',
      ),
    )
    .action((sources: readonly string[], flags: Flags) => ingest(context, sources, flags))
}

const ingest = async (context: CliContext, sources: readonly string[], flags: Flags): Promise<void> => {
  if (flags.type === 'events' && (flags.wait || flags.watch))
    throw new UsageError('a stream of events has no end to wait for')
  const client = await context.client()
  const body = bodyOf(context, sources, flags)
  const accepted = await client.ingest(
    { body, ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }) },
    context.signal,
  )
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
  const chunking = chunkingOf(flags)
  const refresh = {
    ...(flags.refreshEvery === undefined ? {} : { refresh_every: flags.refreshEvery }),
    ...(flags.refreshCron === undefined ? {} : { refresh_cron: flags.refreshCron }),
    ...(flags.refreshTimezone === undefined ? {} : { refresh_timezone: flags.refreshTimezone }),
  }
  return {
    kb_id: flags.kb,
    sources: sourcesOf(context, sources, flags).map(source => ({ ...source, ...refresh })),
    ...(Object.keys(chunking).length === 0 ? {} : { chunking }),
    ...(flags.embedding === undefined ? {} : { embedding: flags.embedding }),
    ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    ...(flags.deleteGuard === undefined ? {} : { delete_guard: flags.deleteGuard }),
  }
}
