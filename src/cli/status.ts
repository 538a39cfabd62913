import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { findJob } from './find-job.ts'
import { page } from './job-text.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { number, say, sayJson, table } from './text.ts'

interface Flags {
  readonly limit: number
  readonly json?: true
}

export const registerStatus = (program: Command, context: CliContext): void => {
  program
    .command('status')
    .summary('show how a job stands, or list all jobs')
    .description('Shows how a job stands; without a name, lists the jobs, newest first.')
    .argument('[job-or-kb]', 'a job, or a knowledge base for its newest run')
    .option('--limit <number>', 'most jobs to list', integer, 20)
    .option(...jsonFlag)
    .addHelpText('after', examples('status', 'status handbook', 'status handbook --json'))
    .action((name: string | undefined, flags: Flags) =>
      name === undefined ? list(context, flags) : show(context, name, flags),
    )
}

const show = async (context: CliContext, name: string, flags: Flags): Promise<void> => {
  const job = await findJob(await context.client(), name, context.signal)
  if (flags.json) return sayJson(context.stdout, job)
  for (const line of page(job)) say(context.stdout, line)
}

const list = async (context: CliContext, flags: Flags): Promise<void> => {
  const client = await context.client()
  const body = await client.jobs({ query: { limit: flags.limit } }, context.signal)
  if (flags.json) return sayJson(context.stdout, body)
  if (body.jobs.length === 0)
    return say(context.stdout, 'There are no jobs yet. Begin with: penstock ingest FOLDER --kb ID')
  const rows = body.jobs.map(job => [
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
}
