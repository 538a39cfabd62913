import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Client } from '../api/client.ts'
import type { DryRun, ReplayBody } from '../api/contract/dead-letters.ts'
import { type CliContext, ExitCode, UsageError } from './context.ts'
import { findJob } from './find-job.ts'
import { summary } from './job-text.ts'
import { decimal, examples, integer, jsonFlag } from './options.ts'
import { type SelectionFlags, selectionOf, selectionOptions } from './selection.ts'
import { counted, number, oneLine, say, sayJson } from './text.ts'
import { watchToEnd } from './watch.ts'

interface ReplayFlags extends SelectionFlags {
  readonly edits?: string
  readonly dryRun?: true
  readonly export?: string
  readonly limit: number
  readonly rate?: number
  readonly parallelism?: number
  readonly priority?: number
  readonly wait?: true
  readonly watch?: true
  readonly json?: true
}

export const registerReplay = (deadLetters: Command, context: CliContext): void => {
  const replaying = deadLetters
    .command('replay')
    .summary('load their documents again, as a job of its own')
    .description(
      'Loads the documents of open dead letters again, always whole: from their source, from an edit, or, where the ' +
        'source has them no more, from what was kept. Each dead letter is replayed once.',
    )
    .argument('<job-or-kb>', 'a job, or a knowledge base for its newest run')
  selectionOptions(replaying)
    .option('--dry-run', 'only say what would be loaded; reads the first documents and asks no model')
    .option('--export <file>', 'as --dry-run, and write the contents to a file of edits')
    .option('--limit <number>', 'with --dry-run or --export: documents to read', integer, 20)
    .option('--edits <file>', 'load these contents instead: a JSON array as --export writes it')
    .option('--rate <number>', 'most documents to load in a second; 20 unless stated', decimal)
    .option('--parallelism <lanes>', 'lanes the job gets', integer)
    .option('--priority <number>', 'the larger goes first among those that wait', integer)
    .option('--wait', 'return when the job has ended; exit code 1 if it failed')
    .option('--watch', 'as --wait, and show the phases meanwhile')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples(
        'dead-letters replay handbook --dry-run',
        'dead-letters replay handbook --stage embedding --rate 5 --watch',
        'dead-letters replay handbook --code not_text --export edits.json',
        'dead-letters replay handbook --edits edits.json',
      ),
    )
    .action((name: string, flags: ReplayFlags) => replay(context, name, flags))
}

const replay = async (context: CliContext, name: string, flags: ReplayFlags): Promise<void> => {
  const client = await context.client()
  const { job_id } = await findJob(client, name, context.signal)
  const edits = flags.edits === undefined ? undefined : await editsIn(resolve(context.cwd, flags.edits))
  const select = selectionOf(flags)
  const chosen = {
    // A file of edits alone means the documents in it.
    select: edits && Object.keys(select).length === 0 ? { document_ids: edits.map(one => one.document_id) } : select,
    ...(edits === undefined ? {} : { edits }),
  }
  if (flags.dryRun || flags.export !== undefined) return tryOut(context, client, job_id, chosen, flags)
  const body = {
    ...chosen,
    ...(flags.rate === undefined ? {} : { documents_per_second: flags.rate }),
    ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
  }
  const accepted = await client.replayDeadLetters({ params: { job_id }, body }, context.signal)
  if (!flags.json) {
    say(context.stderr, `Job ${accepted.job_id} loads ${counted(accepted.documents, 'document')} again.`)
    for (const line of restOf(accepted)) say(context.stderr, line)
  }
  if (!flags.wait && !flags.watch) {
    if (flags.json) sayJson(context.stdout, accepted)
    else say(context.stdout, accepted.job_id)
    return
  }
  const shown = flags.watch && !flags.json ? 'phases' : 'nothing'
  const job = await watchToEnd(context, client, accepted.job_id, shown)
  if (flags.json) sayJson(context.stdout, job)
  else say(context.stdout, summary(job))
  if (job.status !== 'completed') throw new ExitCode(1)
}

type Chosen = Pick<ReplayBody, 'select' | 'edits'>

const tryOut = async (context: CliContext, client: Client, job_id: string, chosen: Chosen, flags: ReplayFlags) => {
  const content = flags.export !== undefined
  const body = { ...chosen, limit: flags.limit, content }
  const found = await client.dryRunReplay({ params: { job_id }, body }, context.signal)
  if (flags.export !== undefined) {
    const file = resolve(context.cwd, flags.export)
    const edits = found.examined.flatMap(({ document_id, content }) => (content ? [{ document_id, ...content }] : []))
    await writeFile(file, `${JSON.stringify(edits, null, 2)}\n`, { flag: 'wx' })
    say(context.stderr, `Wrote ${counted(edits.length, 'document')} to ${file}. Change it, then replay with --edits.`)
  }
  if (flags.json) return sayJson(context.stdout, found)
  say(context.stdout, `${counted(found.documents, 'document')} would be loaded again.`)
  for (const line of restOf(found)) say(context.stdout, line)
  for (const one of found.examined) {
    const fate =
      one.outcome === 'loads' ? counted(one.chunks ?? 0, 'chunk') : `${one.code}: ${oneLine(one.message ?? '', 300)}`
    say(context.stdout, `  ${oneLine(one.uri, 200)} (${one.document_id}), from ${origins[one.from]}: ${fate}`)
  }
}

const origins = { edit: 'the edit', source: 'its source', stored: 'what was kept' } as const

/** What of the selection is not loaded, a line each. */
const restOf = (of: Pick<DryRun, 'not_replayable' | 'superseded' | 'left'>): string[] => [
  ...(of.superseded > 0
    ? [`${counted(of.superseded, 'dead letter')} of documents that a later run has loaded completely: discard them.`]
    : []),
  ...(of.not_replayable > 0
    ? [`${counted(of.not_replayable, 'dead letter')} that name no document of its sources: they can only be discarded.`]
    : []),
  ...(of.left > 0 ? [`${number(of.left)} more documents are left for the next replay.`] : []),
]

const editsIn = async (file: string): Promise<NonNullable<ReplayBody['edits']>> => {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(parsed)) return parsed as NonNullable<ReplayBody['edits']>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new UsageError(`${file} is no JSON array of edits. \`penstock dead-letters replay --export FILE\` writes one.`)
}
