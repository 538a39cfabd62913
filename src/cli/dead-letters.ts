import { type Command, Option } from 'commander'
import { intakeLetters } from '../api/contract/dead-letters.ts'
import type { CliContext } from './context.ts'
import { registerDiscard } from './discard.ts'
import { findLetters } from './find-job.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { registerReplay } from './replay.ts'
import { jobArgument } from './selection.ts'
import { counted, oneLine, say, sayJson } from './text.ts'

export const registerDeadLetters = (program: Command, context: CliContext): void => {
  const command = program
    .command('dead-letters')
    .summary('show what a job had to reject, and work it off')
    .description('Shows what a job had to reject and why, loads it again, or gives it up. All of it takes --json.')
    .addHelpText(
      'after',
      examples(
        'dead-letters handbook',
        'dead-letters show handbook --code not_text',
        'dead-letters replay handbook',
        'dead-letters INTAKE',
      ),
    )
  command
    .command('list', { isDefault: true })
    .summary('group them by cause (this is what is done unless stated)')
    .argument(...jobArgument)
    .option('--limit <number>', 'most causes to show', integer, 100)
    .option(...jsonFlag)
    .addHelpText('after', examples('dead-letters handbook', 'dead-letters list handbook --json'))
    .action((name: string, flags: ListFlags) => list(context, name, flags))
  command
    .command('show')
    .summary('show single ones with their inputs')
    .argument(...jobArgument)
    .option('--stage <name>', 'only those of this stage')
    .option('--code <code>', 'only those of this cause')
    .option('--document <id>', 'only those of this document')
    .option('--uri <uri>', 'only those of the document with this uri')
    .addOption(new Option('--state <state>', 'only those in it').choices(['open', 'replayed', 'discarded']))
    .option('--limit <number>', 'most to show', integer, 20)
    .option('--after <cursor>', 'go on after the page before, by the cursor it ended with')
    .option(...jsonFlag)
    .addHelpText('after', examples('dead-letters show handbook --state open', 'dead-letters show handbook --json'))
    .action((name: string, flags: ShowFlags) => show(context, name, flags))
  registerReplay(command, context)
  registerDiscard(command, context)
}

interface ListFlags {
  readonly limit: number
  readonly json?: true
}

const list = async (context: CliContext, name: string, flags: ListFlags): Promise<void> => {
  const client = await context.client()
  const job_id = await findLetters(client, name, context.signal)
  const body = await client.deadLetters({ params: { job_id }, query: { limit: flags.limit } }, context.signal)
  if (flags.json) return sayJson(context.stdout, body)
  if (body.groups.length === 0) return say(context.stdout, `Job ${job_id} rejected nothing.`)
  for (const { stage, code, count, open, examples } of body.groups) {
    const state = open === count ? '' : `, ${open === 0 ? 'none' : open} of them open`
    say(context.stdout, `${counted(count, 'time')} ${code} in ${stage}${state}`)
    for (const one of examples)
      say(context.stdout, `  ${one.uri === null ? '' : `${oneLine(one.uri, 200)}: `}${oneLine(one.message, 300)}`)
  }
  const open = body.groups.reduce((sum, group) => sum + group.open, 0)
  if (open > 0) say(context.stderr, name === intakeLetters ? publishAgain : loadAgain(name))
}

const loadAgain = (name: string) =>
  `Load them again with: penstock dead-letters replay ${name} (--dry-run shows what it would do).`

const publishAgain =
  'Publish the documents again when the cause is gone; then give these up: penstock dead-letters discard INTAKE.'

interface ShowFlags {
  readonly stage?: string
  readonly code?: string
  readonly document?: string
  readonly uri?: string
  readonly state?: 'open' | 'replayed' | 'discarded'
  readonly limit: number
  readonly after?: string
  readonly json?: true
}

const show = async (context: CliContext, name: string, flags: ShowFlags): Promise<void> => {
  const client = await context.client()
  const job_id = await findLetters(client, name, context.signal)
  const { json, document: document_id, ...filter } = flags
  const query = { ...filter, document_id }
  const page = await client.deadLetterRecords({ params: { job_id }, query }, context.signal)
  if (json) return sayJson(context.stdout, page)
  if (page.dead_letters.length === 0) return say(context.stdout, `Job ${job_id} has none of these.`)
  for (const one of page.dead_letters) {
    const by = one.replay_job_id === null ? '' : ` by ${one.replay_job_id}`
    say(context.stdout, `${one.code} in ${one.stage}, ${one.state}${one.state === 'replayed' ? by : ''}`)
    say(context.stdout, `  ${oneLine(one.message, 500)}`)
    if (one.uri !== null) say(context.stdout, `  uri: ${oneLine(one.uri, 500)}`)
    if (one.document_id !== null) say(context.stdout, `  document: ${one.document_id}, trace ${one.trace_id}`)
    const where = `${one.topic} lane ${one.lane} offset ${one.offset}`
    say(context.stdout, `  read at ${where}, tried ${counted(one.attempts, 'time')}, ${one.created_at}`)
    if (one.input !== null) say(context.stdout, `  input: ${oneLine(JSON.stringify(one.input), 300)}`)
    else if (one.payload !== null) say(context.stdout, `  input, not readable: ${oneLine(one.payload, 120)}`)
  }
  if (page.next !== null) say(context.stderr, `There are more: add --after ${page.next}`)
}
