import { type Command, Option } from 'commander'
import type { JobKind, JobState } from '../api/contract/answers.ts'
import { jobKind, jobState } from '../api/contract/requests.ts'
import { type CliContext, UsageError } from './context.ts'
import { findJob } from './find-job.ts'
import { page } from './job-text.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { readPages } from './pages.ts'
import { number, say, sayJson, table } from './text.ts'

interface Flags {
  readonly kb?: string
  readonly state?: JobState
  readonly kind?: JobKind
  readonly limit: number
  readonly json?: true
}

export const registerStatus = (program: Command, context: CliContext): void => {
  program
    .command('status')
    .summary('show how a job stands, or list all jobs')
    .description('Shows how a job stands; without a name, lists the jobs, newest first.')
    .argument('[job-or-kb]', 'a job, or a knowledge base for its newest run')
    .option('--kb <id>', 'list only those of this knowledge base')
    .addOption(new Option('--state <state>', 'list only those in it').choices(jobState.options))
    .addOption(new Option('--kind <kind>', 'list only those of it').choices(jobKind.options))
    .option('--limit <number>', 'most jobs to list', integer, 20)
    .option(...jsonFlag)
    .addHelpText('after', examples('status', 'status handbook', 'status --kb handbook --state failed --limit 100'))
    .action((name: string | undefined, flags: Flags) =>
      name === undefined ? list(context, flags) : show(context, name, flags),
    )
}

const show = async (context: CliContext, name: string, { json, ...filters }: Flags): Promise<void> => {
  const { kb, state, kind } = filters
  if ([kb, state, kind].some(given => given !== undefined))
    throw new UsageError('--kb, --state and --kind are for the list of jobs: leave out the name, or them')
  const job = await findJob(await context.client(), name, context.signal)
  if (json) return sayJson(context.stdout, job)
  for (const line of page(job)) say(context.stdout, line)
}

const list = async (context: CliContext, flags: Flags): Promise<void> => {
  const client = await context.client()
  const { limit, json, kb: kb_id, state: status, kind } = flags
  const { found, next } = await readPages('jobs', limit, query =>
    client.jobs({ query: { ...query, kb_id, status, kind } }, context.signal),
  )
  if (json) return sayJson(context.stdout, { jobs: found, next })
  if (found.length === 0) return say(context.stdout, noJobs(flags))
  const rows = found.map(job => [
    job.job_id,
    job.kb_id,
    job.status,
    job.phase ?? '-',
    `${number(job.progress)} %`,
    job.metrics.documents,
    job.metrics.chunks,
    job.submitted_at,
  ])
  for (const line of table(['JOB', 'KB', 'STATUS', 'PHASE', 'PROGRESS', 'DOCUMENTS', 'CHUNKS', 'SUBMITTED'], rows))
    say(context.stdout, line)
  if (next !== null) say(context.stderr, `There are more: add --limit ${limit * 10}`)
}

const noJobs = ({ kb, state, kind }: Flags): string =>
  [kb, state, kind].every(given => given === undefined)
    ? 'There are no jobs yet. Begin with: penstock ingest FOLDER --kb ID'
    : 'There are no such jobs.'
