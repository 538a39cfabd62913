import type { Command } from 'commander'
import { type CliContext, UsageError } from './context.ts'
import { findLetters } from './find-job.ts'
import { examples, jsonFlag } from './options.ts'
import { jobArgument, type SelectionFlags, selectionOf, selectionOptions } from './selection.ts'
import { counted, say, sayJson } from './text.ts'

export const registerDiscard = (deadLetters: Command, context: CliContext): void => {
  const discarding = deadLetters
    .command('discard')
    .summary('give up open ones; their inputs are deleted')
    .argument(...jobArgument)
  selectionOptions(discarding)
    .option('--yes', 'do not ask')
    .option(...jsonFlag)
    .addHelpText('after', examples('dead-letters discard handbook --code empty_document'))
    .action((name: string, flags: DiscardFlags) => discard(context, name, flags))
}

interface DiscardFlags extends SelectionFlags {
  readonly yes?: true
  readonly json?: true
}

const discard = async (context: CliContext, name: string, flags: DiscardFlags): Promise<void> => {
  const client = await context.client()
  const job_id = await findLetters(client, name, context.signal)
  if (!flags.yes) {
    const sure = await context.confirm(`Discard the open dead letters of job ${job_id} that match, with their inputs?`)
    if (sure === null) throw new UsageError('there is no terminal to ask at: add --yes to discard them')
    if (!sure) return say(context.stderr, 'Nothing was changed.')
  }
  const body = { select: selectionOf(flags) }
  const answer = await client.discardDeadLetters({ params: { job_id }, body }, context.signal)
  if (flags.json) return sayJson(context.stdout, answer)
  say(context.stdout, `Discarded ${counted(answer.discarded, 'dead letter')} of job ${job_id}.`)
}
