import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { examples, jsonFlag } from './options.ts'
import { counted, say, sayJson, table } from './text.ts'

export const registerIntake = (program: Command, context: CliContext): void => {
  program
    .command('intake')
    .summary('show how far what upstream systems publish is taken in')
    .description(
      'Shows each partition of upstream.documents with what INTAKE has not read, and the events that wait in the ' +
        'database because the stream of their knowledge base has no lane.',
    )
    .option(...jsonFlag)
    .addHelpText('after', examples('intake', 'intake --json', 'dead-letters INTAKE'))
    .action((flags: { readonly json?: true }) => show(context, flags.json === true))
}

const show = async (context: CliContext, json: boolean): Promise<void> => {
  const client = await context.client()
  const body = await client.intake({}, context.signal)
  if (json) return sayJson(context.stdout, body)
  const rows = body.partitions.map(({ partition, unread, held }) => [
    partition,
    unread,
    held === null ? '' : `since ${held.since}: ${held.message}`,
  ])
  for (const line of table(['PARTITION', 'UNREAD', 'STANDS'], rows)) say(context.stdout, line)
  for (const { kb_id, events, bytes, oldest } of body.parked)
    say(context.stdout, `${kb_id}: ${counted(events, 'event')} parked (${bytes} bytes, the oldest of ${oldest})`)
  if (body.dead_letters > 0)
    say(context.stderr, `${counted(body.dead_letters, 'dead letter')}: penstock dead-letters INTAKE`)
}
