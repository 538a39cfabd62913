import { Writable } from 'node:stream'
import type { Command } from 'commander'
import type { Client } from '../api/client.ts'
import type { JobStatus } from '../api/contract/answers.ts'
import { type CliContext, ExitCode } from './context.ts'
import { findJob } from './find-job.ts'
import { remarks, summary } from './job-text.ts'
import { examples } from './options.ts'
import { watchJob } from './progress.ts'
import { say } from './text.ts'

export const registerWatch = (program: Command, context: CliContext): void => {
  program
    .command('watch')
    .summary('follow a job to its end')
    .description(
      'Follows a job to its end: a bar a phase on a terminal, plain lines elsewhere. Exit code 1 unless it completed.',
    )
    .argument('<job-or-kb>', 'a job, or a knowledge base for its newest run')
    .option('--json', 'print a line of JSON for every change')
    .addHelpText('after', examples('watch handbook', 'watch handbook --json | jq -c .progress'))
    .action(async (name: string, flags: { readonly json?: true }) => {
      const client = await context.client()
      const { job_id } = await findJob(client, name, context.signal)
      const job = await watchToEnd(context, client, job_id, flags.json ? 'json' : 'phases')
      if (!flags.json)
        for (const line of [...remarks({ ...job, message: null }), summary(job)]) say(context.stdout, line)
      if (job.status !== 'completed') throw new ExitCode(1)
    })
}

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })

/** Waits for the end of a job and shows meanwhile its phases (on stderr), its changes as JSON (on stdout), or nothing. */
export const watchToEnd = async (
  context: CliContext,
  client: Client,
  jobId: string,
  shown: 'phases' | 'json' | 'nothing',
): Promise<JobStatus> => {
  const output = { phases: context.stderr, json: context.stdout, nothing: nowhere }[shown]
  try {
    return await watchJob(client, jobId, { output, json: shown !== 'phases', signal: context.signal })
  } catch (error) {
    if (!context.signal.aborted) throw error
    say(context.stderr, `The job goes on. Follow it again with: penstock watch ${jobId}`)
    throw new ExitCode(130)
  }
}
