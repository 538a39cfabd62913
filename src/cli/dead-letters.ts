import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { findJob } from './find-job.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { counted, oneLine, say, sayJson } from './text.ts'

interface Flags {
  readonly limit: number
  readonly json?: true
}

export const registerDeadLetters = (program: Command, context: CliContext): void => {
  program
    .command('dead-letters')
    .summary('show what a job had to reject, and why')
    .description('Shows what a job had to reject, grouped by cause.')
    .argument('<job-or-kb>', 'a job, or a knowledge base for its newest job')
    .option('--limit <number>', 'most causes to show', integer, 100)
    .option(...jsonFlag)
    .addHelpText('after', examples('dead-letters handbook'))
    .action((name: string, flags: Flags) => deadLetters(context, name, flags))
}

const deadLetters = async (context: CliContext, name: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const { job_id } = await findJob(client, name, context.signal)
  const body = await client.deadLetters({ params: { job_id }, query: { limit: flags.limit } }, context.signal)
  if (flags.json) return sayJson(context.stdout, body)
  if (body.groups.length === 0) return say(context.stdout, `Job ${job_id} rejected nothing.`)
  for (const { stage, code, count, examples } of body.groups) {
    say(context.stdout, `${counted(count, 'time')} ${code} in ${stage}`)
    for (const one of examples)
      say(context.stdout, `  ${one.uri === null ? '' : `${oneLine(one.uri, 200)}: `}${oneLine(one.message, 300)}`)
  }
}
