import type { Command } from 'commander'
import type { Preview } from '../api/contract/previews.ts'
import type { CliContext } from './context.ts'
import { examples, integer, jsonFlag } from './options.ts'
import { type SourceFlags, sourceOptions, sourcesOf } from './source-flags.ts'
import { typedRows } from './table-text.ts'
import { counted, number, oneLine, say, sayJson, table } from './text.ts'

interface Flags extends SourceFlags {
  readonly limit: number
  readonly json?: true
}

export const registerSource = (program: Command, context: CliContext): void => {
  const source = program
    .command('source')
    .summary('look at what a source would yield')
    .description('Looks at sources before they are ingested.')
    .addHelpText('after', examples('source preview docs', "source preview . --type local_files --include 'notes/**'"))
  const previewing = source
    .command('preview')
    .description(
      'Shows the first documents or rows that a source would yield, how many there are where it can know, and what ' +
        'would be rejected. Nothing is ingested.',
    )
    .argument('<source>', 'as penstock ingest takes it')
  sourceOptions(previewing)
    .option('--limit <number>', 'documents or rows to read, at most 100', integer, 10)
    .option(...jsonFlag)
    .addHelpText('after', examples('source preview docs --limit 3', 'source preview https://docs.example.org --json'))
    .action((named: string, flags: Flags) => preview(context, named, flags))
}

const preview = async (context: CliContext, named: string, flags: Flags): Promise<void> => {
  const [source] = sourcesOf(context, [named], flags)
  if (source === undefined) throw new Error('A source became none.')
  const client = await context.client()
  const found = await client.previewSource({ body: { source, limit: flags.limit } }, context.signal)
  if (flags.json) return sayJson(context.stdout, found)
  const { documents, tables, rejected, unlisted } = found
  const unit = tables.length === 0 ? 'document' : 'row'
  const all = found.total === null ? '' : `, ${counted(found.total, unit)} in all`
  say(context.stdout, `${oneLine(found.source, 300)}${all}. ${endOf(found)}`)
  for (const one of tables) for (const line of ['', ...typedRows(one)]) say(context.stdout, line)
  if (documents.length > 0) say(context.stdout)
  const rows = documents.map(one => [
    one.characters,
    one.chunks,
    one.media_type,
    oneLine(one.title, 60),
    oneLine(one.uri, 200),
  ])
  if (documents.length > 0)
    for (const line of table(['CHARACTERS', 'CHUNKS', 'TYPE', 'TITLE', 'URI'], rows)) say(context.stdout, line)
  if (documents.length > 0) say(context.stdout)
  for (const one of documents) say(context.stdout, `${oneLine(one.title, 60)}: ${oneLine(one.begins, 160)}`)
  for (const one of rejected)
    say(context.stdout, `rejected: ${oneLine(one.uri, 200)}: ${oneLine(one.message, 300)} (${one.code})`)
  for (const message of unlisted) say(context.stdout, `not listed: ${oneLine(message, 300)}`)
}

const endOf = ({ documents, tables, rejected, stopped }: Preview): string => {
  const rows = tables.reduce((sum, one) => sum + one.rows.length, 0)
  const all = (tables.length > 0 ? rows : documents.length) + rejected.length
  const seen = counted(all, 'entry').replace('entrys', 'entries')
  switch (stopped) {
    case null:
      return `These are all ${number(all)}.`
    case 'limit':
      return `The first ${seen}; --limit shows more.`
    case 'characters':
      return `The first ${seen}, as far as a preview reads.`
    case 'time':
      return `The first ${seen}, as far as a preview comes in its time.`
  }
}
