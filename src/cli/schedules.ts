import type { Command } from 'commander'
import type { Schedule } from '../api/contract/schedules.ts'
import { type CliContext, UsageError } from './context.ts'
import { examples, jsonFlag } from './options.ts'
import { oneLine, say, sayJson, table } from './text.ts'

interface Flags {
  readonly json?: true
}

export const registerSchedules = (program: Command, context: CliContext): void => {
  const schedule = program
    .command('schedule')
    .summary('look at sources that are read again by themselves, or end that')
    .description(
      'Looks at the sources of a knowledge base that are read again by themselves, and ends that. A source gets its ' +
        'schedule when it is ingested: --refresh-every or --refresh-cron; ingesting it again with one of them replaces it.',
    )
    .addHelpText(
      'after',
      examples(
        'ingest docs --kb handbook --refresh-every 6h',
        'schedule list handbook',
        'schedule remove handbook markdown:/srv/docs',
      ),
    )
  schedule
    .command('list')
    .description('Lists the schedules of a knowledge base, the next one first.')
    .argument('<kb>', 'the knowledge base')
    .option(...jsonFlag)
    .action((kb: string, flags: Flags) => list(context, kb, flags))
  schedule
    .command('remove')
    .description('Reads a source no longer by itself. What it has brought stays.')
    .argument('<kb>', 'the knowledge base')
    .argument('<schedule>', 'its id, or the source as the list names it')
    .option(...jsonFlag)
    .action((kb: string, named: string, flags: Flags) => remove(context, kb, named, flags))
}

const list = async (context: CliContext, kb: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const body = await client.schedules({ params: { kb_id: kb } }, context.signal)
  if (flags.json) return sayJson(context.stdout, body)
  if (body.schedules.length === 0)
    return say(
      context.stdout,
      `${kb} has no schedules. Make one with: penstock ingest SOURCE --kb ${kb} --refresh-every 6h`,
    )
  const rows = body.schedules.map(one => [
    one.schedule_id,
    timesOf(one),
    one.next_at,
    one.last_at === null ? '-' : `${one.last_at} ${one.last_status ?? ''}`.trim(),
    oneLine(one.source, 200),
  ])
  for (const line of table(['SCHEDULE', 'WHEN', 'NEXT', 'LAST', 'SOURCE'], rows)) say(context.stdout, line)
  for (const { schedule_id, note } of body.schedules)
    if (note !== null) say(context.stdout, `${schedule_id}: ${oneLine(note, 300)}`)
}

const remove = async (context: CliContext, kb: string, named: string, flags: Flags): Promise<void> => {
  const client = await context.client()
  const { schedules } = await client.schedules({ params: { kb_id: kb } }, context.signal)
  const found = schedules.find(one => one.schedule_id === named || one.source === named)
  if (found === undefined)
    throw new UsageError(`${kb} has no schedule '${named}'. \`penstock schedule list ${kb}\` names them.`)
  const { schedule_id } = found
  const answer = await client.removeSchedule({ params: { kb_id: kb, schedule_id } }, context.signal)
  if (flags.json) return sayJson(context.stdout, answer)
  say(context.stdout, `${found.source} is no longer read by itself. What it has brought stays.`)
}

/** `every 6h`, or the pattern with its time zone. */
const timesOf = ({ every_s, cron, timezone }: Schedule): string => {
  if (every_s === null) return `${cron} ${timezone ?? 'UTC'}`
  const [unit, seconds] = units.find(([, size]) => every_s % size === 0) ?? ['s', 1]
  return `every ${every_s / seconds}${unit}`
}
const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const
